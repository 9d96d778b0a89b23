import type { PeerGuards } from "./peer-guards.ts";
import { negotiationMs } from "./peer-limits.ts";
import { beatPeersMax } from "./peer-timing.ts";
import { protocolFeatures, protocolMajors } from "./protocol-names.ts";

/** What only tests change: guards, and the release that a host pretends to be. */
export interface PeerInternals {
  readonly guards: PeerGuards;
  readonly majors: readonly number[];
  readonly features: readonly string[];
  /** Peers that get every heartbeat; with more, each has its turn. */
  readonly beatPeersMax: number;
}

/** As it runs. */
export const productionInternals: PeerInternals = {
  guards: {
    endOlder: true,
    cutSilent: true,
    checkSize: true,
    pullGaps: true,
    colocationWeight: 0,
    negotiationMs,
  },
  majors: protocolMajors,
  features: protocolFeatures,
  beatPeersMax,
};
