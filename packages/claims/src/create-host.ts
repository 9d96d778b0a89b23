import type { Host, HostInit } from "./host.ts";
import { HostMachine } from "./host-machine.ts";
import { productionRules } from "./rules.ts";

/** A host's protocol machine under the production rules. There is no way to give it others. */
export function createHost(init: HostInit): Host {
  return new HostMachine({ rules: productionRules }, init);
}
