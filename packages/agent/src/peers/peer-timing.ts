/**
 * Times that follow from T_fence.
 *
 * A dead peer is to be noticed in at most T_fence/2. A peer that dies right after a heartbeat has been silent for
 * `suspectMs` at the first tick after that; then it is asked itself, and others about it, and `confirmMs` later it is down, if it
 * did not answer. So suspectMs + confirmMs + two ticks must stay below T_fence/2: 0.25 + 0.15 + 2 x 0.025. Two
 * heartbeats may get lost without an alarm.
 *
 * In a big fleet heartbeats to everybody would cost more than the guests. From `beatPeersMax` on each link has its turn
 * more seldom (`turnsOf`), and whoever suspects a peer tells three others, who look for themselves: of all the hosts
 * that wait for a heartbeat of the dead one, one waits only a moment, and from it everybody knows.
 */

/** Milliseconds. */
export interface PeerTiming {
  /** Between two looks at everything. */
  readonly tickMs: number;
  /** Between two heartbeats to one peer. */
  readonly beatMs: number;
  /** Silence after which a connected peer is asked whether it lives. */
  readonly suspectMs: number;
  /** From the question to the end of patience. */
  readonly confirmMs: number;
  /** A frame that waited longer is not worth sending: the protocol has asked again. */
  readonly frameMs: number;
}

/** Times for a fleet with this T_fence. */
export function peerTiming(fenceMs: number): PeerTiming {
  return {
    tickMs: Math.min(100, Math.max(20, fenceMs / 40)),
    beatMs: Math.min(1_000, Math.max(50, fenceMs / 10)),
    suspectMs: fenceMs * 0.25,
    confirmMs: fenceMs * 0.15,
    frameMs: fenceMs / 2,
  };
}

/** Heartbeats to this many peers are sent every `beatMs`; of 30 peers they cost 3 % of a core. */
export const beatPeersMax = 30;

/** How many times `beatMs` pass between two heartbeats of one link. */
export function turnsOf(links: number, peersMax: number): number {
  return Math.max(1, Math.ceil(links / peersMax));
}

/** Silence before a peer is suspected whose heartbeats come every so many turns. To be wrong costs one question. */
export function suspicionMs(timing: PeerTiming, turns: number): number {
  return Math.max(timing.suspectMs, turns * timing.beatMs + 2 * timing.tickMs);
}
