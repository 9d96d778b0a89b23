/**
 * Whether this process gets to its work in time.
 *
 * Starting many guests at once on a machine that is short of processor delays everything that the agent does, the renewal
 * of its lease too; a lease that is lost pauses all guests, and to resume them delays the next renewal. So what comes in
 * masses waits until the loop answers promptly. Asked for when needed: an agent with nothing to do measures nothing.
 */
import { setTimeout as delay } from "node:timers/promises";

/** A timer of so many ms is set to see how late it comes. */
const probeMs = 10;
/** It may come so late. @default 60 ms: a few turns with work in them; a lease waits for ten times as much */
const lateMs = 60;
/** Whatever is waited for longer than this begins all the same: slow progress ends the shortage, none does not. @default 3 s */
const patienceMs = 3_000;

/** Says when the event loop of this process is calm. */
export class CalmLoop {
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #nowMs: () => number;

  constructor(components: { readonly sleep?: (ms: number) => Promise<unknown>; readonly nowMs?: () => number } = {}) {
    this.#sleep = components.sleep ?? ((ms) => delay(ms));
    this.#nowMs = components.nowMs ?? (() => performance.now());
  }

  /** Resolves when a timer comes in time, or when there is no more patience. */
  async whenCalm(): Promise<void> {
    const sinceMs = this.#nowMs();
    for (let beganMs = sinceMs; beganMs - sinceMs < patienceMs; beganMs = this.#nowMs()) {
      await this.#sleep(probeMs);
      if (this.#nowMs() - beganMs < probeMs + lateMs) return;
    }
  }
}
