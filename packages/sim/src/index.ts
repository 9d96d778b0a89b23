/** A fleet in one process from one seed: the world, the oracle, seeds, scenarios and mutants. */
export { type DrawOptions, drawFleet } from "./draw-fleet.ts";
export type { Fault, FaultKind } from "./faults.ts";
export type { FleetSpec, GuestSpec } from "./fleet-spec.ts";
export { Journal, type JournalLine, renderLine } from "./journal.ts";
export { type FleetResult, runFleet } from "./run-fleet.ts";
export type { Violation, ViolationCode } from "./violation.ts";
export { World, type WorldOptions } from "./world.ts";
