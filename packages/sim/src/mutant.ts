import { createDeadManWith, createHostWith, productionRules, type Rules } from "@berth/claims/testing";
import type { Builds } from "./builds.ts";
import type { DrawOptions } from "./draw-fleet.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import type { WorldOptions } from "./world.ts";

/**
 * One weakening of the protocol, to show that the rule it takes away is needed and that the suite would notice.
 *
 * The product is never built with other rules: mutants exist in the simulator only.
 */
export interface Mutant {
  readonly name: string;
  /** What is weaker, in words. */
  readonly weakens: string;
  /** The oracle must speak within this many seeds from 1 on; 0 when only the directed fleets are meant. */
  readonly seeds: number;
  readonly draw: DrawOptions;
  /** Fleets made for this mutant, run first. */
  readonly directed: readonly FleetSpec[];
  readonly world: WorldOptions;
}

interface MutantInit {
  readonly name: string;
  readonly weakens: string;
  readonly seeds: number;
  readonly draw?: DrawOptions;
  readonly directed?: readonly FleetSpec[];
}

/** The protocol with some rules replaced. */
export function withRules(init: MutantInit, rules: Partial<Rules>): Mutant {
  return mutant(init, { builds: buildsWith(rules) });
}

/** The protocol as it is in a world that is weaker. */
export function mutant(init: MutantInit, world: WorldOptions): Mutant {
  const { name, weakens, seeds, draw = {}, directed = [] } = init;
  return { name, weakens, seeds, draw, directed, world };
}

/** The machines under test with some rules replaced. */
export function buildsWith(changed: Partial<Rules>): Builds {
  const rules: Rules = { ...productionRules, ...changed };
  return { host: (init) => createHostWith(init, rules), deadMan: () => createDeadManWith(rules) };
}
