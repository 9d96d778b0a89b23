/**
 * The two clocks a host can read, and how they lie.
 *
 * *Boot time* counts everything since the host booted, sleep included. *Monotonic* stands still while the host is
 * frozen. Both run at a rate that differs from true time by at most rho (a fault may set more), and both begin again at
 * a small number at each boot, so an absolute time of an earlier boot means nothing in this one.
 */
export interface Reading {
  /** Boot-time clock in ms. */
  readonly bootMs: number;
  /** Monotonic clock in ms; behind {@link bootMs} by the time the host was frozen. */
  readonly monotonicMs: number;
}

/** Both clocks of one machine, as functions of true time. */
export class HostClock {
  #rate: number;
  #anchorTrueMs: number;
  #anchorBootMs: number;
  #sleptMs = 0;
  #frozenSinceMs: number | undefined;

  constructor(rate: number, nowMs: number, offsetMs: number) {
    this.#rate = rate;
    this.#anchorTrueMs = nowMs;
    this.#anchorBootMs = offsetMs;
  }

  get rate(): number {
    return this.#rate;
  }

  bootMs(trueMs: number): number {
    return this.#anchorBootMs + (trueMs - this.#anchorTrueMs) * this.#rate;
  }

  monotonicMs(trueMs: number): number {
    const until = this.#frozenSinceMs === undefined ? trueMs : this.#frozenSinceMs;
    return this.bootMs(until) - this.#sleptMs;
  }

  /** The true time at which the boot-time clock shows `bootMs`. */
  trueMsAtBoot(bootMs: number): number {
    return this.#anchorTrueMs + (bootMs - this.#anchorBootMs) / this.#rate;
  }

  /** A new boot: both clocks begin again. */
  reboot(trueMs: number, offsetMs: number): void {
    this.#anchorTrueMs = trueMs;
    this.#anchorBootMs = offsetMs;
    this.#sleptMs = 0;
    this.#frozenSinceMs = undefined;
  }

  /** Changes the rate from now on, without a jump. */
  setRate(trueMs: number, rate: number): void {
    this.#anchorBootMs = this.bootMs(trueMs);
    this.#anchorTrueMs = trueMs;
    this.#rate = rate;
  }

  freeze(trueMs: number): void {
    this.#frozenSinceMs ??= trueMs;
  }

  /**
   * Ends a freeze. The boot-time clock has gone on; the monotonic clock has not.
   * @param blind true for a host that an outer hypervisor paused with all its clocks: neither has gone on
   */
  thaw(trueMs: number, blind: boolean): void {
    const since = this.#frozenSinceMs;
    if (since === undefined) return;
    this.#frozenSinceMs = undefined;
    const lost = (trueMs - since) * this.#rate;
    if (blind) this.#anchorBootMs -= lost;
    else this.#sleptMs += lost;
  }
}
