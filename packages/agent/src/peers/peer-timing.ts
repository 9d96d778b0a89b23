/**
 * Times that follow from T_fence.
 *
 * A dead peer is to be noticed in at most T_fence/2. A peer that dies right after a heartbeat has been silent for
 * `silenceMs` at the first tick after that, so silenceMs + tickMs must stay below T_fence/2: 0.4 + 0.025. Four heartbeats fit
 * into the silence, so that three lost ones are no alarm.
 */

/** Milliseconds. */
export interface PeerTiming {
  /** Between two looks at everything. */
  readonly tickMs: number;
  /** Between two heartbeats to one peer. */
  readonly beatMs: number;
  /** Silence after which a connected peer counts as down. */
  readonly silenceMs: number;
  /** A frame that waited longer is not worth sending: the protocol has asked again. */
  readonly frameMs: number;
}

/** Times for a fleet with this T_fence. */
export function peerTiming(fenceMs: number): PeerTiming {
  return {
    tickMs: Math.min(100, Math.max(20, fenceMs / 40)),
    beatMs: Math.min(1_000, Math.max(50, fenceMs / 10)),
    silenceMs: fenceMs * 0.4,
    frameMs: fenceMs / 2,
  };
}
