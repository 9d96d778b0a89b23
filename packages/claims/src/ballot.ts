/** Ballots are compared by number, then host, then life: any total order does, as long as no two proposals share one. */
import type { Ballot, HostId } from "./words.ts";

/** Below every ballot that is ever used. */
export const noBallot: Ballot = { n: 0, host: "", life: 0 };

/** Negative, zero or positive, as for `Array.sort`. */
export function compareBallots(a: Ballot, b: Ballot): number {
  if (a.n !== b.n) return a.n - b.n;
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.life - b.life;
}

/** A ballot of this host and life that is higher than every number seen so far. */
export function ballotAbove(highestSeen: number, host: HostId, life: number): Ballot {
  return { n: highestSeen + 1, host, life };
}
