/**
 * Two clocks, and what "passed" means on each side.
 *
 * A lease is safe when its holder believes it shorter than its voters do. A machine has two clocks that can disagree:
 * boot-time (goes on while the machine sleeps) and monotonic (stands still). The holder takes whichever says that
 * more time has gone by, the voter whichever says less. With a deadline kept as a pair of readings this needs no
 * arithmetic: for the holder a deadline has passed when *either* clock has reached it, for the voter only when *both*
 * have. No wall clock anywhere (protocol, section 6).
 */

/** One reading of both clocks, taken once at the beginning of a handler. Milliseconds, fractions allowed. */
export interface Now {
  /** Time since boot, sleep included (`CLOCK_BOOTTIME`, Node's `os.uptime()`). */
  readonly bootMs: number;
  /** Time since boot, sleep excluded (`CLOCK_MONOTONIC`, Node's `process.hrtime`). */
  readonly monoMs: number;
}

/** A moment on both clocks of one machine during one boot. Means nothing on another machine or after a reboot. */
export type Deadline = Now;

/** The moment `ms` after `now` on both clocks. */
export function after(now: Now, ms: number): Deadline {
  return { bootMs: now.bootMs + ms, monoMs: now.monoMs + ms };
}

/** The holder's reading: elapsed = max of the two clocks, so one clock at the deadline is enough. */
export function eitherPassed(deadline: Deadline, now: Now): boolean {
  return now.bootMs >= deadline.bootMs || now.monoMs >= deadline.monoMs;
}

/** The voter's reading: elapsed = min of the two clocks, so both must have reached the deadline. */
export function bothPassed(deadline: Deadline, now: Now): boolean {
  return now.bootMs >= deadline.bootMs && now.monoMs >= deadline.monoMs;
}

/** What the holder still has until the deadline, in milliseconds; negative when it has passed. */
export function holderRemainingMs(deadline: Deadline, now: Now): number {
  return Math.min(deadline.bootMs - now.bootMs, deadline.monoMs - now.monoMs);
}

/** What a voter still waits until the deadline, in milliseconds; negative when it has passed. */
export function voterRemainingMs(deadline: Deadline, now: Now): number {
  return Math.max(deadline.bootMs - now.bootMs, deadline.monoMs - now.monoMs);
}

/** Elapsed since an earlier reading as the holder counts it: the larger of the two, in milliseconds. */
export function holderElapsedMs(since: Now, now: Now): number {
  return Math.max(now.bootMs - since.bootMs, now.monoMs - since.monoMs);
}

/** Elapsed since an earlier reading as a voter counts it: the smaller of the two, in milliseconds. */
export function voterElapsedMs(since: Now, now: Now): number {
  return Math.min(now.bootMs - since.bootMs, now.monoMs - since.monoMs);
}

/**
 * Whether the two clocks of this machine may be used together (section 6: refuse to start where they disagree).
 * Sleep makes boot-time run ahead, never behind; before the first sleep they must agree.
 * @param toleranceMs resolution of the coarser clock. @default 20 (two ticks of `os.uptime()`)
 */
export function clocksUsable(first: Now, second: Now, toleranceMs = 20): boolean {
  const boot = second.bootMs - first.bootMs;
  const mono = second.monoMs - first.monoMs;
  return boot >= 0 && mono >= 0 && Math.abs(boot - mono) <= toleranceMs && second.bootMs + toleranceMs >= second.monoMs;
}
