/**
 * A timer that comes on the multiples of its period, by the time of day.
 *
 * Waking up costs an idle process more than what it wakes up for. So the timers of one host come together, and as hosts keep their clocks
 * alike, those of a whole fleet do: heartbeats that are sent at one tick arrive together, and are read in one go. Nothing
 * depends on the time of day being right: a clock that is set makes one pause shorter, or longer by a quarter.
 */
export class WallTicks {
  readonly #periodMs: number;
  readonly #onTick: (lateMs: number) => void;
  #timer: NodeJS.Timeout;
  #dueMs = 0;

  /** Ticks until `stop`, and does not keep the process alive. `onTick` is told how much too late it is called. */
  constructor(periodMs: number, onTick: (lateMs: number) => void) {
    this.#periodMs = periodMs;
    this.#onTick = onTick;
    this.#timer = this.#next();
  }

  /** How much the tick that is due is late already. Milliseconds. */
  get overdueMs(): number {
    return Math.max(0, performance.now() - this.#dueMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #next(): NodeJS.Timeout {
    const leftMs = this.#periodMs - (Date.now() % this.#periodMs);
    // Timers may come a moment early; the same multiple must not come twice.
    const waitMs = leftMs < this.#periodMs / 4 ? leftMs + this.#periodMs : leftMs;
    this.#dueMs = performance.now() + waitMs;
    return setTimeout(() => this.#tick(), waitMs).unref();
  }

  #tick(): void {
    const lateMs = this.overdueMs;
    this.#timer = this.#next();
    this.#onTick(lateMs);
  }
}
