/**
 * What the fleet's part of the bench measures, one case after the other. A case yields everything it has so far whenever
 * it has more, so that what was measured before a failure or the end of its time is kept.
 */
import type { Target } from "./figures.ts";
import { claimMs, measureClaims } from "./fleet-claim.ts";
import { measureDuplicate, measureFailover } from "./fleet-failover.ts";
import { type FleetFigure, middle } from "./fleet-figures.ts";
import { type IdleCase, type IdleCost, measureIdle } from "./fleet-idle.ts";
import { install, type Peer, peers } from "./fleet-peers.ts";

/** What a case has measured so far. */
export interface CaseResult {
  readonly figures?: readonly FleetFigure[];
  readonly costs?: readonly IdleCost[];
  readonly targets?: readonly Target[];
}

/** How a case is to be measured. */
export interface CaseInit {
  /** For data and logs of this case. */
  readonly folder: string;
  /** Fewer rounds, less to be believed. */
  readonly quick: boolean;
}

/** One case. */
export interface FleetCase {
  /** As `--case` takes it. */
  readonly name: string;
  /** It is ended after so long. About three times what it takes on two idle cores. */
  readonly limitSeconds: number;
  readonly measure: (init: CaseInit) => AsyncGenerator<CaseResult>;
}

/** The size of fleet that has targets. */
export const judged: IdleCase = { peers: 10, guests: 1000 };

const idleSizes: readonly (IdleCase & Pick<FleetCase, "limitSeconds">)[] = [
  { ...judged, limitSeconds: 300 },
  { peers: 3, guests: 10, limitSeconds: 150 },
  { peers: 3, guests: 1000, limitSeconds: 240 },
  { peers: 10, guests: 10, limitSeconds: 180 },
  { peers: 30, guests: 10, limitSeconds: 300 },
  { peers: 30, guests: 1000, limitSeconds: 400 },
];

/** All cases, those with a target first: if the time is not enough, the others are left out. */
export const fleetCases: readonly FleetCase[] = [
  { name: "claim", limitSeconds: 90, measure: claimCase },
  { name: "duplicate", limitSeconds: 240, measure: duplicateCase },
  failoverCase("lan"),
  failoverCase("fast"),
  ...idleSizes.slice(0, 1).map(idleCase),
  ...peers.map(peerCase),
  ...idleSizes.slice(1).map(idleCase),
];

async function* claimCase({ folder, quick }: CaseInit): AsyncGenerator<CaseResult> {
  const ms = claimMs(await measureClaims(folder, quick ? 50 : 300));
  yield {
    figures: [{ group: "claim", program: "berth, a claim", ms }],
    targets: [{ what: "claim durable at a majority, p50", limit: 7, seen: middle(ms), unit: "ms" }],
  };
}

async function* duplicateCase({ quick }: CaseInit): AsyncGenerator<CaseResult> {
  for await (const ms of measureDuplicate("lan", quick ? 2 : 7)) {
    yield {
      figures: [{ group: "duplicate", program: "berth, gossip mode", ms }],
      targets: [{ what: "heal to one copy, slowest", limit: 2, seen: Math.max(...ms) / 1000, unit: "s" }],
    };
  }
}

function failoverCase(profile: "lan" | "fast"): FleetCase {
  return {
    name: `failover-${profile}`,
    limitSeconds: 240,
    async *measure({ quick }) {
      for await (const { takeovers, overlapMs } of measureFailover(profile, quick ? 1 : 5)) {
        yield {
          figures: [{ group: "failover", program: `berth, profile ${profile}`, ms: takeovers }],
          targets: [{ what: `two copies at once, profile ${profile}`, limit: 0, seen: overlapMs, unit: "ms" }],
        };
      }
    },
  };
}

function peerCase(peer: Peer): FleetCase {
  return {
    name: peer.name,
    limitSeconds: peer.name === "pacemaker" ? 360 : 150,
    async *measure({ folder, quick }) {
      install(peer);
      for await (const figures of peer.measure(folder, quick ? 1 : 3)) yield { figures };
    },
  };
}

function idleCase({ peers: others, guests, limitSeconds }: (typeof idleSizes)[number]): FleetCase {
  return {
    name: `idle-${others}-${guests}`,
    limitSeconds,
    async *measure({ quick }) {
      yield { costs: [await measureIdle({ peers: others, guests }, quick ? 15 : 30)] };
    },
  };
}
