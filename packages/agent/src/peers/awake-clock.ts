/**
 * A clock that stands still while this process does.
 *
 * A process that was stopped, starved or busy for three seconds has heard nobody for three seconds, and that says
 * nothing about the others. So every tick compares when it came with when it was due, and what is too much is taken off all
 * ages: silence counts only while somebody was listening.
 */

/** So long after it was late a process counts as short of time. Milliseconds. */
const lagMemoryMs = 1_000;

/** Milliseconds of a monotonic clock, less this process's own lag. */
export class AwakeClock {
  readonly #read: () => number;
  readonly #tickMs: number;
  #lagMs = 0;
  #tickedMs: number;
  #laggedMs = Number.NEGATIVE_INFINITY;

  constructor(tickMs: number, read: () => number = () => performance.now()) {
    this.#read = read;
    this.#tickMs = tickMs;
    this.#tickedMs = read();
  }

  /** Since an arbitrary moment. */
  get nowMs(): number {
    // Between ticks no more can have passed than one tick and its tolerance, or this process slept.
    const sinceTick = this.#read() - this.#tickedMs;
    return this.#tickedMs - this.#lagMs + Math.min(sinceTick, 2 * this.#tickMs);
  }

  /** All that was discounted so far. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** Whether this process is late with its work, or was a moment ago. */
  get isLagging(): boolean {
    const now = this.#read();
    return now - this.#tickedMs > 2 * this.#tickMs || now - this.#laggedMs < lagMemoryMs;
  }

  /** Called by the timer, every `tickMs` when all is well. */
  tick(): void {
    const now = this.#read();
    const sinceTick = now - this.#tickedMs;
    const lateMs = sinceTick - 2 * this.#tickMs;
    if (lateMs > 0) {
      this.#lagMs += lateMs;
      this.#laggedMs = now;
    }
    this.#tickedMs = now;
  }
}
