import { productionRules } from "../rules.ts";
import { DeadMan } from "./dead-man.ts";

/** A dead-man under the production rules. There is no way to give it others. */
export function createDeadMan(): DeadMan {
  return new DeadMan({ rules: productionRules });
}
