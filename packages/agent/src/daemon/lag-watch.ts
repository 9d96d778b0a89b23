import type { Now } from "@berth/claims";
import { LoopLag } from "../clock/loop-lag.ts";

/** How long a stall is told after it happened. @default 60 s: long enough to be seen, short enough to be believed */
const toldMs = 60_000;

/**
 * Stalls of this process's own event loop. Peers that seem silent after one were only not listened to (the peer network takes
 * that off); an agent that stalls for a good part of its lease is told as degraded, because it may lose it for that alone.
 */
export class LagWatch {
  readonly #lag = new LoopLag();
  #worstMs = 0;
  #worstAtMs = 0;

  /** To be called about once a second. Returns a stall that is worth a line in the journal, ms. */
  tick(now: Now, limitMs: number): number | undefined {
    const maximumMs = this.#lag.takeMaximumMs();
    if (now.bootMs - this.#worstAtMs > toldMs) this.#worstMs = 0;
    if (maximumMs < limitMs || maximumMs <= this.#worstMs) return undefined;
    this.#worstMs = maximumMs;
    this.#worstAtMs = now.bootMs;
    return maximumMs;
  }

  /** In sentences; empty while all is well. */
  get degraded(): readonly string[] {
    if (this.#worstMs === 0) return [];
    return [`this agent stood still for ${Math.round(this.#worstMs)} ms: it may lose its lease for that alone`];
  }

  stop(): void {
    this.#lag.stop();
  }
}
