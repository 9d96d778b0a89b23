/**
 * Who should take a guest: eligible hosts in rendezvous order, those that have their share already behind the others.
 *
 * Each host computes its own rank and waits rank x 0.4 s before it claims, so that the best one is alone at the voters
 * and the second best steps in without being told (section 8). Nothing here is needed for safety: a wrong rank costs a
 * lost ballot.
 */
import type { GuestId, HostId } from "../words.ts";
import { rendezvousScore } from "./rendezvous.ts";

/** Rank r waits r x this long. */
export const staggerMs = 400;
/** Load bound of Mirrokni, Thorup, Zadimoghaddam (arXiv 1608.01350): nobody takes more than 1.25 times its share. */
export const loadFactor = 1.25;

/** One host that may take the guest: class holds, hypervisor and image are present, not draining, believed alive. */
export interface Candidate {
  readonly host: HostId;
  readonly weight: number;
  /** Guests that it owns or is claiming. */
  readonly load: number;
  readonly memoryFreeKib: number;
}

/** The guest to be placed. */
export interface Placed {
  readonly guest: GuestId;
  readonly memoryKib: number;
  /** Guests in the fleet that are to be placed, so that the first ones are not all "too many". */
  readonly guestsTotal: number;
}

/** How many guests a candidate may have before it moves to the back. */
export function loadBound(
  candidate: Candidate,
  candidates: readonly Candidate[],
  guestsTotal: number,
  factor = loadFactor,
): number {
  let load = 0;
  let weight = 0;
  for (const c of candidates) {
    load += c.load;
    weight += Math.max(0, c.weight);
  }
  if (weight === 0) return 0;
  const share = (Math.max(load + 1, guestsTotal) * Math.max(0, candidate.weight)) / weight;
  return Math.ceil(factor * share);
}

/** Whether a candidate has as many guests as the bound lets it have. */
export function isFull(
  candidate: Candidate,
  candidates: readonly Candidate[],
  guestsTotal: number,
  factor = loadFactor,
): boolean {
  return candidate.load >= loadBound(candidate, candidates, guestsTotal, factor);
}

/** Candidates in the order in which they should try: by score, the full ones last, without those that lack memory. */
export function placementOrder(
  placed: Placed,
  candidates: readonly Candidate[],
  factor = loadFactor,
): readonly HostId[] {
  const fitting = candidates.filter((c) => c.memoryFreeKib >= placed.memoryKib);
  const scored = fitting.map((c) => ({
    host: c.host,
    full: isFull(c, fitting, placed.guestsTotal, factor),
    score: rendezvousScore(c.host, placed.guest, c.weight),
  }));
  scored.sort((a, b) => Number(a.full) - Number(b.full) || b.score - a.score || (a.host < b.host ? -1 : 1));
  return scored.map((s) => s.host);
}

/** This host's rank, 0 for the best; undefined when it should not take the guest at all. */
export function rankOf(self: HostId, placed: Placed, candidates: readonly Candidate[]): number | undefined {
  const rank = placementOrder(placed, candidates).indexOf(self);
  return rank < 0 ? undefined : rank;
}
