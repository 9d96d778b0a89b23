/**
 * The one screen. Its first line says whether a person must do anything; what must be looked at comes right below, and the rest is
 * there to be trusted or doubted.
 */
import type { StatusItem } from "@berth/agent/api/answers";
import type { Painter } from "../output/colour.ts";
import { printable } from "../output/printable.ts";
import { renderTable } from "../output/table.ts";
import { formatCount, formatDuration } from "../output/units.ts";
import { fleetHostView } from "./fleet-views.ts";

/** Names longer than this many are counted. */
const namesMost = 20;

/** One thing that a person should look at. */
interface Worry {
  readonly title: string;
  readonly lines: readonly string[];
}

/** @returns the screen; what comes from outside is made printable */
export function statusScreen(status: StatusItem, paint: Painter): string {
  const worries = worriesOf(status);
  const wide = { wide: false, headers: true, paint };
  return [
    `${headline(status, worries, paint)}\n`,
    ...worries.map(
      ({ title, lines }) => `\n${paint("bold", title)}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}`,
    ),
    `\n${facts(status)
      .map(([name, text]) => `${name.padEnd(11)}${printable(text)}\n`)
      .join("")}`,
    `\n${renderTable(fleetHostView.columns, status.hosts, wide)}`,
  ].join("");
}

/** Whether there is anything to look at, for `--detailed-exitcode`. */
export function isWell(status: StatusItem): boolean {
  return worriesOf(status).length === 0;
}

function headline({ fleet, host }: StatusItem, worries: readonly Worry[], paint: Painter): string {
  const count = worries.length;
  const where = printable(`fleet ${fleet}, as seen by ${host}`);
  if (count === 0) return `${where}: ${paint("green", "all is well")}`;
  return `${where}: ${paint("yellow", `look at ${formatCount(count, "thing")}`)}`;
}

function worriesOf(status: StatusItem): Worry[] {
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
    worry(
      "Hosts that are not heard",
      unheard.map(({ reason }) => reason),
    ),
    worry('The promise "on one host only" is weakened', weakened(status)),
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
      alarms.map(
        (alarm) => `${formatDuration((nowMs - Date.parse(alarm.at)) / 1000)} ago  ${alarm.code}  ${alarm.text}`,
      ),
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

function facts(status: StatusItem): readonly (readonly [string, string])[] {
  const { lease, peers, policy, hypervisor } = status;
  const witness = !status.hypervisor_host;
  const rows: (readonly [string, string])[] = [
    [
      "This host",
      `${status.host}, ${status.role}${witness ? " without a hypervisor (witness)" : ""}, release ${status.release}, agent up ${formatDuration(status.up_seconds)}`,
    ],
    [
      "Fleet",
      `${peers.up} of ${formatCount(peers.total, "other host")} heard; configuration ${lease.config_number}, profile ${lease.profile}`,
    ],
    ["Lease", leaseText(status)],
    ["Voter", voterText(status)],
    ["Dead-man", witness ? "not needed" : deadManText(status)],
    [
      "Hypervisor",
      witness
        ? "none"
        : hypervisor.up
          ? `answers, looked at${ageText(hypervisor.age_seconds).slice(1)}`
          : "does not answer",
    ],
    ["Policy", policyText(policy)],
    ["Promises", promisesText(status)],
    ["Guests", guestsText(status)],
  ];
  if (status.acts.length > 0) rows.push(["Under way", actsText(status)]);
  return rows;
}

function leaseText({ lease }: StatusItem): string {
  const { held, remaining_seconds: left, incarnation, voters_heard, voters_needed, voters_total } = lease;
  const voters = `${voters_heard} of ${formatCount(voters_total, "voter")} answered lately, ${voters_needed} needed`;
  return held
    ? `held, ${left} s left, incarnation ${incarnation}; ${voters}`
    : `none, incarnation ${incarnation}; ${voters}`;
}

function voterText({ lease: { voter } }: StatusItem): string {
  if (voter === null) return "this host has no vote";
  if (!voter.active) return "this host's vote is not active yet";
  if (voter.sealed) return "active, sealed: the set of voters is being changed";
  if (voter.quarantine_seconds > 0) return `active, in quarantine for ${voter.quarantine_seconds} s after its start`;
  return `active, ${formatCount(voter.live_hosts, "host")} with a lease here`;
}

function deadManText({ dead_man: deadMan }: StatusItem): string {
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

function policyText({ generation, digest, since, promises }: StatusItem["policy"]): string {
  if (generation === 0) return "none in force";
  return `${formatCount(promises, "promise")}, digest ${digest.slice(0, 8)}, generation ${generation}${since === null ? "" : ` since ${since}`}`;
}

function promisesText({ promises, pass_age_seconds: age }: StatusItem): string {
  if (promises === null) return "no pass yet";
  const counts = Object.entries(promises).filter(
    ([outcome, count]) => count > 0 || ["kept", "repaired", "failed"].includes(outcome),
  );
  return `${counts.map(([outcome, count]) => `${count} ${outcome}`).join(", ")} in the last pass${ageText(age)}`;
}

function guestsText({ guests }: StatusItem): string {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([word, count]) => `${count} ${word}`)
      .join(", ");
  return `here ${list(guests.by_phase) || "none"}; in the fleet ${list(guests.by_state) || "none"}`;
}

function actsText({ acts }: StatusItem): string {
  const shown = acts
    .slice(0, 3)
    .map(({ kind, guest, age_seconds }) => `${kind} ${guest} for ${formatDuration(age_seconds)}`);
  return `${shown.join(", ")}${acts.length > 3 ? ` and ${acts.length - 3} more` : ""}`;
}

function ageText(seconds: number | null): string {
  return seconds === null ? "" : `, ${formatDuration(seconds)} ago`;
}
