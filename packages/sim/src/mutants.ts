import { drawFleet } from "./draw-fleet.ts";
import type { Mutant } from "./mutant.ts";
import { clockMutants } from "./mutants-clock.ts";
import { guestMutants } from "./mutants-guest.ts";
import { quorumMutants } from "./mutants-quorum.ts";
import { storyMutants } from "./mutants-story.ts";
import { voterSetMutants } from "./mutants-voter-set.ts";
import { runFleet } from "./run-fleet.ts";

/** Every weakening of the protocol that the suite must catch. */
export const mutants: readonly Mutant[] = [
  ...clockMutants,
  ...quorumMutants,
  ...guestMutants,
  ...storyMutants,
  ...voterSetMutants,
];

/** @throws RangeError when there is none of that name */
export function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found === undefined) throw new RangeError(`there is no mutant "${name}"`);
  return found;
}

/** How a mutant fared. */
export interface MutantOutcome {
  readonly caught: boolean;
  readonly text: string;
}

/** Runs a mutant's own directed fleets, then seeds, until the oracle speaks or the stated number is used up. */
export function runMutant(mutant: Mutant): MutantOutcome {
  for (const [index, spec] of mutant.directed.entries()) {
    const { violation } = runFleet(spec, mutant.world);
    if (violation !== undefined) return { caught: true, text: `directed schedule ${index + 1}: ${violation.code}` };
  }
  for (let seed = 1; seed <= mutant.seeds; seed++) {
    const { violation } = runFleet(drawFleet(seed, mutant.draw), mutant.world);
    if (violation !== undefined) return { caught: true, text: `seed ${seed} of ${mutant.seeds}: ${violation.code}` };
  }
  const directed = mutant.directed.length === 0 ? "" : ` and ${mutant.directed.length} directed schedules`;
  return { caught: false, text: `survived ${mutant.seeds} seeds${directed}` };
}
