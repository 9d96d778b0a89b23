/**
 * The one screen: is this host's word worth anything (lease, voters, dead-man), is everything promised there, and what must a
 * person look at. Every reason for worry is in it even when everything works at the moment.
 */
import { formatPosition } from "@berth/model";
import type { AgentEvent, AgentSnapshot, PolicyInForce } from "../../daemon/running-agent.ts";
import type { GuestItem, PolicyItem, StatusItem } from "../answers.ts";
import { copyText, guestItemsByName } from "./fleet-guests.ts";
import { hostItems } from "./fleet-hosts.ts";
import { hearings, seconds, unheard } from "./hearing.ts";
import { passAgeSeconds } from "./host-things.ts";

/** How far back alarms are shown: long enough for the person who comes in the morning to ask for the rest by `berth events`. */
export const alarmsMs = 3_600_000;
/** Alarms on one screen. */
const alarmsMost = 10;

/** The item of `berth status`. @param events those of the last {@link alarmsMs} */
export function statusItem(snapshot: AgentSnapshot, events: readonly AgentEvent[]): StatusItem {
  const { claims, policy, lastPass, observation, hypervisorProblem } = snapshot;
  const heard = hearings(snapshot);
  const own = heard.get(snapshot.self);
  return {
    fleet: snapshot.fleet,
    host: snapshot.self,
    release: snapshot.release,
    role: own?.member?.role ?? "unknown",
    hypervisor_host: own?.member?.hypervisor ?? true,
    up_seconds: seconds(snapshot.upMs),
    at: new Date(snapshot.wallClockMs).toISOString(),
    draining: snapshot.draining,
    lease: {
      held: claims.leaseRemainingMs > 0,
      remaining_seconds: Math.round(claims.leaseRemainingMs / 100) / 10,
      incarnation: claims.inc,
      voters_heard: claims.votersHeard,
      voters_needed: claims.votersNeeded,
      voters_total: claims.config.voters.length,
      config_number: claims.config.number,
      profile: claims.config.profile.name,
      voter: voterOf(snapshot),
    },
    peers: {
      up: snapshot.peers.filter(({ state }) => state === "up").length,
      total: snapshot.peers.length,
    },
    hosts: hostItems(snapshot),
    policy: policyItem(policy),
    promises: lastPass?.counts ?? null,
    pass_age_seconds: passAgeSeconds(snapshot),
    not_kept: notKept(snapshot),
    guests: guestsOf(snapshot),
    dead_man: deadManOf(snapshot),
    hypervisor: {
      up: hypervisorProblem === undefined,
      ...(hypervisorProblem === undefined ? {} : { problem: hypervisorProblem }),
      age_seconds: observation === undefined ? null : seconds(observation.ageMs),
    },
    degraded: snapshot.degraded,
    acts: snapshot.acts.map(({ what: { guest, kind, why }, ageMs }) => ({
      guest,
      kind,
      why,
      age_seconds: seconds(ageMs),
    })),
    alarms: alarms(events),
    unheard: unheard(heard),
  };
}

function voterOf({ claims: { voter } }: AgentSnapshot): StatusItem["lease"]["voter"] {
  if (voter === undefined) return null;
  return {
    active: voter.active,
    live_hosts: voter.liveHosts,
    quarantine_seconds: Math.ceil(voter.quarantineMs / 1000),
    sealed: voter.sealed,
  };
}

/** The policy in force as JSON has it. */
export function policyItem(policy: PolicyInForce): PolicyItem {
  const told = policy.diagnostics.filter(({ severity }) => severity !== "info");
  return {
    generation: policy.generation,
    digest: policy.digest,
    files: policy.files,
    since: policy.since ?? null,
    promises: policy.promises.length,
    bad: policy.bad,
    findings: told.map(({ severity, code, message, position }) => {
      return { severity, code, message, place: formatPosition(position) };
    }),
  };
}

function notKept({ lastPass }: AgentSnapshot): StatusItem["not_kept"] {
  const bad = (lastPass?.promises ?? []).filter(({ outcome }) => outcome === "failed" || outcome === "denied");
  return bad.map(({ name, kind, outcome, reason, failure }) => {
    return { name: `${kind}/${name}`, outcome, reason: failure?.message ?? reason };
  });
}

function guestsOf(snapshot: AgentSnapshot): StatusItem["guests"] {
  const byName = guestItemsByName(snapshot);
  const copies = [...byName.values()].flat();
  const protectedHere = snapshot.claims.guests.filter(({ phase }) => phase !== "idle");
  return {
    by_phase: counts(protectedHere.map(({ phase }) => phase)),
    by_state: counts(copies.filter((copy) => copy.protected).map(({ state }) => state)),
    duplicates: [...new Set(copies.filter(({ duplicate }) => duplicate).map(({ name }) => name))],
    gossip_mode: [...new Set(copies.filter(({ mode }) => mode === "gossip").map(({ name }) => name))],
    not_running: [...byName.entries()].flatMap(([name, items]) => notRunning(name, items)),
  };
}

function counts(words: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const word of words) result[word] = (result[word] ?? 0) + 1;
  return result;
}

/** States of a promise that ask for an executing guest. */
const wantsRunning: ReadonlySet<string> = new Set(["create", "running"]);

function notRunning(name: string, items: readonly GuestItem[]): StatusItem["guests"]["not_running"] {
  const [first] = items;
  if (first === undefined || first.promised === null || !wantsRunning.has(first.promised)) return [];
  if (items.some(({ state }) => state === "running")) return [];
  return [{ name, state: items.map(copyText).join("; "), reason: first.here?.reason ?? "" }];
}

function deadManOf({ deadMan }: AgentSnapshot): StatusItem["dead_man"] {
  const { sign, heartbeat } = deadMan;
  return {
    sign,
    pid: heartbeat?.pid ?? null,
    expired: heartbeat?.expired ?? null,
    hypervisor_up: heartbeat?.libvirtUp ?? null,
    watchdog: heartbeat?.watchdog ?? null,
    degraded: heartbeat?.degraded ?? [],
  };
}

/** Newest first, equal ones told once. */
function alarms(events: readonly AgentEvent[]): StatusItem["alarms"] {
  const recent = events.filter(({ level }) => level === "alarm");
  const groups = Map.groupBy(recent.reverse(), ({ code, text }) => `${code} ${text}`);
  return [...groups.values()]
    .slice(0, alarmsMost)
    .flatMap(([newest, ...older]) => (newest === undefined ? [] : [{ ...newest, times: older.length + 1 }]));
}
