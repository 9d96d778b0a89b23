/**
 * Which of several copies survives (section 8): a total order on immutable fields only, so that every host that sees the
 * same copies picks the same one, whenever it looks.
 */
import { rendezvousScore } from "../placement/rendezvous.ts";
import type { GuestId, HostId, PromisedGuest } from "../words.ts";

/** One copy of a guest, by the fields that the order looks at. */
export interface Copy {
  readonly host: HostId;
  /** The registers name this host as the owner. */
  readonly holdsClaim: boolean;
  readonly classMatch: boolean;
  /** Signed start; infinity for a copy that has not started. */
  readonly startedAtMs: number;
  readonly epoch: number;
}

/** Negative when `a` survives `b`: claim, class, `keep`, rendezvous score, peer id. */
export function compareCopies(guest: GuestId, keep: PromisedGuest["keep"], a: Copy, b: Copy): number {
  if (a.holdsClaim !== b.holdsClaim) return a.holdsClaim ? -1 : 1;
  if (a.classMatch !== b.classMatch) return a.classMatch ? -1 : 1;
  if (keep === "longest_running" && a.startedAtMs !== b.startedAtMs) return a.startedAtMs < b.startedAtMs ? -1 : 1;
  if (keep === "newest_epoch" && a.epoch !== b.epoch) return b.epoch - a.epoch;
  const score = rendezvousScore(b.host, guest, 1) - rendezvousScore(a.host, guest, 1);
  if (score !== 0) return score;
  if (a.host === b.host) return 0;
  return a.host < b.host ? -1 : 1;
}

/** The copy that stays. */
export function survivor(guest: GuestId, keep: PromisedGuest["keep"], copies: readonly Copy[]): Copy | undefined {
  return [...copies].sort((a, b) => compareCopies(guest, keep, a, b))[0];
}
