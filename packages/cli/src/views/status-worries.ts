/** What a person should look at, the most pressing first: each with a title and a line for each thing. */
import type { StatusItem } from "@berth/agent/api/answers";
import { formatCount, formatDuration } from "../output/units.ts";

/** An agent that has just started has not had the time to hear anybody. */
const aloneSeconds = 15;
/** More lines of one kind than these are counted. */
const namesMost = 20;

/** One thing that a person should look at. */
export interface Worry {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Whether there is anything to look at, for `--detailed-exitcode`. */
export function isWell(status: StatusItem): boolean {
  return worriesOf(status).length === 0;
}

/** Everything that is not as it should be. */
export function worriesOf(status: StatusItem): Worry[] {
  const { lease, guests, dead_man: deadMan, hypervisor, policy, alarms, unheard, at } = status;
  const witness = !status.hypervisor_host;
  const nowMs = Date.parse(at);
  return [
    worry("Guests that run twice", guests.duplicates),
    worry(
      "No lease",
      lease.held || witness
        ? []
        : [leaseText(status), "what is protected here is paused until a majority of the voters answers"],
    ),
    worry(
      "Promised to run, and not running",
      atMost(
        guests.not_running.map(
          ({ name, state, reason }) => `${name}: ${state}${reason === "" ? "" : `; here: ${reason}`}`,
        ),
      ),
    ),
    worry(
      "Promises not kept",
      atMost(status.not_kept.map(({ name, outcome, reason }) => `${name}: ${outcome}${tail(reason)}`)),
    ),
    worry("Hosts that are not heard", [...unheard.map(({ reason }) => reason), ...alone(status)]),
    worry('The promise "on one host only" is weakened', [...weakened(status), ...gossipSides(status)]),
    worry(
      "The hypervisor does not answer",
      witness || hypervisor.up ? [] : [hypervisor.problem ?? "no reason is known"],
    ),
    worry(
      "The dead-man",
      witness || (deadMan.sign === "alive" && !(lease.held && deadMan.expired === true)) ? [] : [deadManText(status)],
    ),
    worry(
      policy.bad ? "The newest policy has errors; the one before is in force" : "The policy has findings",
      atMost(policy.findings.map(({ place, severity, message }) => `${place}: ${severity}: ${message}`)),
    ),
    worry(
      "No policy is in force",
      policy.generation === 0 && !policy.bad && !witness ? ["nothing is promised by this host"] : [],
    ),
    worry("Policies differ", policiesDiffer(status)),
    worry("Draining", status.draining ? ["this host gives its guests up and takes none; `berth undrain` ends it"] : []),
    worry(
      "Alarms of the last hour",
      alarms.map(({ at: when, code, text, times }) => {
        const often = times === 1 ? "" : `  (${times} times)`;
        return `${formatDuration((nowMs - Date.parse(when)) / 1000)} ago  ${code}  ${text}${often}`;
      }),
    ),
  ].filter(({ lines }) => lines.length > 0);
}

function worry(title: string, lines: readonly string[]): Worry {
  return { title, lines };
}

function atMost(lines: readonly string[]): readonly string[] {
  if (lines.length <= namesMost) return lines;
  return [...lines.slice(0, namesMost), `and ${lines.length - namesMost} more`];
}

function tail(reason: string): string {
  return reason === "" ? "" : ` (${reason})`;
}

/** Reasons of this host and, by their own word, of those that are heard; one that several have is said once. */
function weakened({ hosts }: StatusItem): readonly string[] {
  const heard = hosts.filter(({ state }) => state === "up");
  const pairs = heard.flatMap(({ name, degraded }) => degraded.map((reason) => ({ name, reason })));
  return [...Map.groupBy(pairs, ({ reason }) => reason)].map(([reason, group]) => {
    return `${group.map(({ name }) => name).join(", ")}: ${reason}`;
  });
}

/** In gossip mode a side that is not heard may run its own copy. */
function gossipSides({ guests, hosts }: StatusItem): readonly string[] {
  const silent = hosts.filter(({ state, hypervisor }) => state !== "up" && hypervisor).map(({ name }) => name);
  if (silent.length === 0) return [];
  return atMost(guests.gossip_mode.map((guest) => `${guest}: gossip mode, so ${silent.join(", ")} may run it as well`));
}

/**
 * A host that was removed while it was away is refused by all others, who tell strangers nothing. From here that looks like a network that is cut,
 * so what tells the two apart is said.
 */
function alone({ host, peers, fleet, up_seconds }: StatusItem): readonly string[] {
  if (peers.total === 0 || peers.up > 0 || up_seconds < aloneSeconds) return [];
  return [
    `nobody is heard: ${host} is cut off, or it was removed from fleet ${fleet} while it was away`,
    `\`berth fleet members\` on another host tells; where ${host} is not listed, others have its guests or will: ` +
      "run `berth fleet leave` here, and `berth fleet join TOKEN` to come back",
  ];
}

function policiesDiffer({ hosts, policy }: StatusItem): readonly string[] {
  if (policy.generation === 0) return [];
  return hosts.flatMap(({ name, self, policy_digest: digest, policy_problem: problem, hypervisor, state }) => {
    if (self || !hypervisor || state !== "up" || digest === null) return [];
    if (problem !== undefined) return [`${name}: ${problem}`];
    if (digest === policy.digest) return [];
    return [
      digest === ""
        ? `${name} has none in force`
        : `${name} has ${digest.slice(0, 8)}, this host ${policy.digest.slice(0, 8)}`,
    ];
  });
}

/** Whether this host has a lease, and who grants it. */
export function leaseText({ lease }: StatusItem): string {
  const { held, remaining_seconds: left, incarnation, voters_heard, voters_needed, voters_total } = lease;
  const voters = `${voters_heard} of ${formatCount(voters_total, "voter")} answered lately, ${voters_needed} needed`;
  return held
    ? `held, ${left} s left, incarnation ${incarnation}; ${voters}`
    : `none, incarnation ${incarnation}; ${voters}`;
}

/** Whether the dead-man watches, and by which means. */
export function deadManText({ dead_man: deadMan }: StatusItem): string {
  const { sign, expired, watchdog, hypervisor_up } = deadMan;
  if (sign !== "alive")
    return `${sign}: no guest is started or resumed here until it answers (systemctl status berth-dead-man)`;
  const notes = [
    ...(expired === true ? ["its deadline has passed: it stops what is protected"] : []),
    watchdog === "absent" ? "no watchdog device" : `watchdog ${watchdog ?? "unknown"}`,
    ...(hypervisor_up === false ? ["without its hypervisor connection it can only kill"] : []),
  ];
  return `alive, ${notes.join(", ")}`;
}
