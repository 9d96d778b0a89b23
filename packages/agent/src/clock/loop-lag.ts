/**
 * How late this process's event loop is: a timer that notes by how much it came too late. A peer that seems silent may only
 * be waiting behind our own work, so whoever judges others by the time that passed takes this off first.
 */

import { WallTicks } from "./wall-ticks.ts";

/**
 * How often the loop is looked at. A stall is taken for shorter than it was by at most this. @default 100 ms: a fifth of the
 * shortest stall that is told of (a quarter of the fastest profile's T_fence); twice as often cost a sixth of an idle agent's wake-ups
 */
const periodMs = 100;

/** Measures until `stop`. Does not keep the process alive. */
export class LoopLag {
  readonly #ticks: WallTicks;
  #latestMs = 0;
  #maximumMs = 0;

  constructor() {
    this.#ticks = new WallTicks(periodMs, (lateMs) => {
      this.#latestMs = lateMs;
      this.#maximumMs = Math.max(this.#maximumMs, lateMs);
    });
  }

  /** Lateness in milliseconds of the last look, or of the one that is overdue now. */
  get latestMs(): number {
    return Math.max(this.#latestMs, this.#ticks.overdueMs);
  }

  /** The largest lateness since the last call, in milliseconds. */
  takeMaximumMs(): number {
    const maximum = Math.max(this.#maximumMs, this.latestMs);
    this.#maximumMs = 0;
    return maximum;
  }

  stop(): void {
    this.#ticks.stop();
  }
}
