import type { Host, HostId } from "@berth/claims";
import type { FleetHome, MemberDocument } from "../fleet/member-document.ts";
import type { PassReport } from "../pass-report.ts";
import type { HostFactsNotice } from "../ports/agent-notice.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { PeerNetwork } from "../ports/peer-network.ts";
import type { DeadManWatch } from "./dead-man-watch.ts";
import type { HostGuests } from "./host-guests.ts";
import { release } from "./release.ts";
import type { AgentSnapshot, PolicyInForce } from "./running-agent.ts";

/** What a snapshot is taken of. */
export interface SnapshotSources {
  readonly home: FleetHome;
  readonly clock: HostClock;
  readonly machine: Host;
  readonly network: PeerNetwork;
  readonly policy: PolicyInForce;
  readonly deadMan: DeadManWatch;
  readonly guests: HostGuests;
  readonly members: MemberDocument;
  /** With the boot time at which each arrived. */
  readonly facts: ReadonlyMap<HostId, { readonly what: HostFactsNotice; readonly bootMs: number }>;
  readonly ownFacts: HostFactsNotice;
  readonly lastPass: PassReport | undefined;
  readonly draining: boolean;
  readonly startedMs: number;
  /** Reasons of the agent itself why the promise is weaker. */
  readonly degraded: readonly string[];
}

/** A copy of everything at one moment. */
export function agentSnapshot(sources: SnapshotSources): AgentSnapshot {
  const { home, clock, machine, network, policy, deadMan, guests, members, facts, lastPass } = sources;
  const now = clock.now();
  const age = (bootMs: number) => Math.max(0, now.bootMs - bootMs);
  const { observation, problem } = guests;
  const { heartbeat } = deadMan;
  return {
    fleet: home.fleet,
    self: home.self,
    release,
    wallClockMs: Date.now(),
    upMs: age(sources.startedMs),
    claims: machine.view(now),
    policy,
    deadMan: { sign: deadMan.sign, ...(heartbeat === undefined ? {} : { heartbeat }) },
    degraded: sources.degraded,
    members,
    peers: network.members(),
    counters: network.counters(),
    facts: new Map([
      [home.self, { what: sources.ownFacts, ageMs: 0 }],
      ...[...facts].map(([host, { what, bootMs }]) => [host, { what, ageMs: age(bootMs) }] as const),
    ]),
    gossip: machine.heard(now).map(({ entry, ageMs }) => ({ what: entry, ageMs })),
    ...(observation === undefined ? {} : { observation: { what: observation.what, ageMs: age(observation.bootMs) } }),
    ...(problem === undefined ? {} : { hypervisorProblem: problem }),
    ...(lastPass === undefined ? {} : { lastPass }),
    acts: [...guests.acts].map(([act, bootMs]) => ({ what: act, ageMs: age(bootMs) })),
    draining: sources.draining,
  };
}
