import type { FleetSpec } from "./fleet-spec.ts";

/**
 * From a failing run to the smallest one that still fails in the same way.
 *
 * Faults are taken out one at a time, the latest first (what comes after the violation goes at once), and the round is
 * repeated until nothing more can go. Every part of the world draws from its own stream, so the rest of the run changes
 * as little as it can. Guests that no fault names go the same way.
 */
export function shrink(spec: FleetSpec, stillFails: (candidate: FleetSpec) => boolean, budget = 300): FleetSpec {
  let best = spec;
  let left = budget;
  const attempt = (candidate: FleetSpec): boolean => {
    left -= 1;
    if (left < 0 || !stillFails(candidate)) return false;
    best = candidate;
    return true;
  };
  let smaller = true;
  while (smaller && left > 0) {
    smaller = false;
    for (let at = best.faults.length - 1; at >= 0; at--) {
      if (attempt({ ...best, faults: best.faults.filter((_, index) => index !== at) })) smaller = true;
    }
    for (let at = best.guests.length - 1; at >= 0 && best.guests.length > 1; at--) {
      if (mentions(best, at)) continue;
      if (attempt(withoutLastGuest(best, at))) smaller = true;
    }
  }
  return best;
}

/** Guests are referred to by number, so only the last one can go without renumbering. */
function withoutLastGuest(spec: FleetSpec, at: number): FleetSpec {
  return { ...spec, guests: spec.guests.slice(0, at) };
}

function mentions(spec: FleetSpec, guest: number): boolean {
  if (guest !== spec.guests.length - 1) return true;
  return spec.faults.some((fault) => "guest" in fault && fault.guest === guest);
}
