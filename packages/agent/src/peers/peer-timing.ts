/**
 * Times that follow from T_fence.
 *
 * A dead peer is to be noticed in at most T_fence/2. A peer that dies right after a heartbeat has been silent for
 * `suspectMs` at the first tick after that; then it is asked itself, and others about it, and `confirmMs` later it is down, if it
 * did not answer. So suspectMs + confirmMs + two ticks must stay below T_fence/2: 0.25 + 0.15 + 2 x 0.025. How often heartbeats
 * come is no part of that bound, as long as a live peer's come before it is suspected: 0.17 and two ticks are below 0.25. TCP
 * loses none; one that is late by more than that costs a question. Twice as many cost an agent with 10 peers a tenth more.
 *
 * In a big fleet heartbeats to everybody would cost more than the guests. From twice `beatPeersMax` on each link has its turn
 * more seldom (`beatPauseMs`), and whoever suspects a peer tells three others, who look for themselves: of all the hosts
 * that wait for a heartbeat of the dead one, one waits only a moment, and from it everybody knows.
 */

/** Milliseconds. */
export interface PeerTiming {
  /** Between two looks at everything. */
  readonly tickMs: number;
  /** Between two heartbeats to one peer, in a fleet in which they do not take turns. */
  readonly beatMs: number;
  /** For each `beatPeersMax` peers, at least this between two heartbeats to one of them. */
  readonly turnMs: number;
  /** Silence after which a connected peer is asked whether it lives. */
  readonly suspectMs: number;
  /** From the question to the end of patience. */
  readonly confirmMs: number;
  /** A frame that waited longer is not worth sending: the protocol has asked again. */
  readonly frameMs: number;
  /** For the answer to a SYN, before another one is sent; see `quick-connect.ts`. */
  readonly connectMs: number;
}

/** Times for a fleet with this T_fence. */
export function peerTiming(fenceMs: number): PeerTiming {
  return {
    tickMs: Math.min(100, Math.max(20, fenceMs / 40)),
    beatMs: fenceMs / 6,
    turnMs: Math.min(1_000, Math.max(50, fenceMs / 10)),
    suspectMs: fenceMs * 0.25,
    confirmMs: fenceMs * 0.15,
    frameMs: fenceMs / 2,
    connectMs: Math.min(1_500, Math.max(400, fenceMs / 8)),
  };
}

/** Heartbeats to this many peers may be sent in one `turnMs`. */
export const beatPeersMax = 30;

/** Between two heartbeats of one link, in a fleet of so many. Milliseconds. */
export function beatPauseMs({ beatMs, turnMs }: PeerTiming, links: number, peersMax: number): number {
  return Math.max(beatMs, turnMs * Math.ceil(links / peersMax));
}

/** Silence before a peer is suspected whose heartbeats come with this pause. To be wrong costs one question. */
export function suspicionMs(timing: PeerTiming, pauseMs: number): number {
  return Math.max(timing.suspectMs, pauseMs + 2 * timing.tickMs);
}
