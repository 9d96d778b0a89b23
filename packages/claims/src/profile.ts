/**
 * How long everything takes, and why that is safe.
 *
 * A host stops by itself T_fence after it *sent* its last good renewal, and is dead for certain K + W later. A voter that
 * granted that renewal, at the same moment or later, must not let anybody else in before then, even if its clock is the
 * fastest allowed and the host's the slowest. That is one inequality (section 6), and D_A is computed from it:
 *
 *     D_A >= (T_fence + K + W) * (1 + rho) / (1 - rho) + clock resolution + dead-man poll
 */
import type { Profile } from "./words.ts";

/** Relative clock rate error assumed of each machine: 1 in 1000, twenty times what a quartz shows. */
const rho = 0.001;
/** `os.uptime()` ticks every 10 ms; both ends of an interval are read. */
const clockResolutionMs = 20;
const pollMs = 100;

function profile(
  name: string,
  renewMs: number,
  fenceMs: number,
  killMs: number,
  stopMs: number,
  watchdogMs: number,
): Profile {
  return { name, renewMs, fenceMs, killMs, stopMs, watchdogMs, rho, pollMs, clockResolutionMs };
}

/** The table of section 6. `lan` is the default: losing a lease costs a pause, so it can be short. */
export const profiles = {
  fast: profile("fast", 500, 2_000, 500, 1_000, 0),
  lan: profile("lan", 1_000, 4_000, 500, 1_000, 0),
  "lan-watchdog": profile("lan-watchdog", 1_000, 4_000, 500, 1_000, 5_000),
  standard: profile("standard", 2_000, 10_000, 1_500, 3_000, 5_000),
  wan: profile("wan", 3_000, 30_000, 1_500, 5_000, 10_000),
} as const satisfies Record<string, Profile>;

/** D_A in whole milliseconds: how long a voter keeps a lease alive after it granted it. */
export function grantMs(p: Profile): number {
  const stopped = ((p.fenceMs + p.stopMs + p.watchdogMs) * (1 + p.rho)) / (1 - p.rho);
  return Math.ceil(stopped + p.clockResolutionMs + p.pollMs);
}

/** What is left of a lease for a claim to be begun: a quarter, so that every profile can claim (section 6). */
export function claimLeaseMs(p: Profile): number {
  return p.fenceMs / 4;
}

/** One reason why a profile is refused. */
export interface ProfileFault {
  readonly code:
    | "PROFILE_NOT_FINITE"
    | "PROFILE_RENEW_TOO_SLOW"
    | "PROFILE_KILL_AFTER_STOP"
    | "PROFILE_RHO"
    | "PROFILE_POLL_TOO_SLOW"
    | "PROFILE_GRANT_TOO_SHORT";
  readonly message: string;
}

/**
 * Refuses a set of times that breaks the inequality or cannot work. Empty when all is well.
 * @param grant a D_A given by hand, in milliseconds. @default the computed one
 */
export function checkProfile(p: Profile, grant: number = grantMs(p)): readonly ProfileFault[] {
  const faults: ProfileFault[] = [];
  const fault = (code: ProfileFault["code"], message: string) => faults.push({ code, message });
  const positive = [p.renewMs, p.fenceMs, p.killMs, p.stopMs, p.pollMs];
  const finite = [...positive, p.watchdogMs, p.rho, p.clockResolutionMs, grant].every(Number.isFinite);
  if (!finite || positive.some((ms) => ms <= 0) || p.watchdogMs < 0 || p.clockResolutionMs < 0)
    return [{ code: "PROFILE_NOT_FINITE", message: "Every time must be a positive number of milliseconds." }];
  if (p.rho < 0 || p.rho >= 0.1) fault("PROFILE_RHO", "The clock rate error rho must be at least 0 and below 0.1.");
  if (p.renewMs * 2 > p.fenceMs)
    fault("PROFILE_RENEW_TOO_SLOW", "T_fence must hold two renewals, or one lost message pauses every guest.");
  if (p.killMs > p.stopMs) fault("PROFILE_KILL_AFTER_STOP", "K1 (kill) must not be later than K (watchdog stop).");
  if (p.pollMs > p.killMs) fault("PROFILE_POLL_TOO_SLOW", "The dead-man must poll at least once before K1.");
  if (faults.every((f) => f.code !== "PROFILE_RHO") && grant < grantMs(p))
    fault("PROFILE_GRANT_TOO_SHORT", `D_A must be at least ${grantMs(p)} ms for these times, not ${grant} ms.`);
  return faults;
}
