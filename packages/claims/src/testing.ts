/**
 * Entry for the simulator and tests only: the same machines with other rules. No product package imports it; a mutant is
 * `{ ...productionRules, oneRule: weaker }`.
 */
import { DeadMan } from "./dead-man/dead-man.ts";
import type { Host, HostInit } from "./host.ts";
import { HostMachine } from "./host-machine.ts";
import type { Rules } from "./rules.ts";

export { productionRules, type Rules } from "./rules.ts";

/** A host's machine under given rules. */
export function createHostWith(init: HostInit, rules: Rules): Host {
  return new HostMachine({ rules }, init);
}

/** A dead-man under given rules. */
export function createDeadManWith(rules: Rules): DeadMan {
  return new DeadMan({ rules });
}
