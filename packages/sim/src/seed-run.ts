import { type DrawOptions, drawFleet } from "./draw-fleet.ts";
import { faultText } from "./fault-text.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import { Journal, renderLine } from "./journal.ts";
import { runFleet } from "./run-fleet.ts";
import { shrink } from "./shrink.ts";
import type { Violation } from "./violation.ts";
import type { WorldOptions } from "./world.ts";

/** A seed whose fleet broke its promise, and what a person needs to see why. */
export interface SeedFailure {
  readonly seed: number;
  readonly violation: Violation;
  /** The smallest plan that still fails with the same code. */
  readonly shortest: FleetSpec;
}

/** Runs the fleet of one seed. Undefined when the promise held. */
export function runSeed(seed: number, draw: DrawOptions = {}, world: WorldOptions = {}): SeedFailure | undefined {
  const spec = drawFleet(seed, draw);
  const { violation } = runFleet(spec, world);
  return violation === undefined ? undefined : { seed, violation, shortest: spec };
}

/** Takes out every fault that the failure does not need. */
export function shorten(failure: SeedFailure, world: WorldOptions = {}): SeedFailure {
  const { code } = failure.violation;
  const { journal: _, ...quiet } = world;
  const shortest = shrink(failure.shortest, (candidate) => runFleet(candidate, quiet).violation?.code === code);
  return { ...failure, shortest };
}

/** Seed, shortest trace, the last lines of its journal, and the command that replays it. */
export function describeFailure(failure: SeedFailure, command: string, world: WorldOptions = {}): string {
  const { shortest, violation, seed } = failure;
  const journal = new Journal();
  const again = runFleet(shortest, { ...world, journal });
  const lines = [
    `seed ${seed}: ${violation.code} at ${(violation.atMs / 1000).toFixed(3)} s: ${violation.text}`,
    fleetText(shortest),
    `shortest trace (${shortest.faults.length} faults; trace ${again.traceHash}):`,
    ...shortest.faults.map(
      (fault) => `  ${(fault.atMs / 1000).toFixed(3).padStart(9)} s  ${faultText(shortest, fault)}`,
    ),
    "its last lines:",
    ...journal.lines.slice(-40).map((line) => `  ${renderLine(line)}`),
    `replay: ${command}`,
  ];
  return lines.join("\n");
}

/** The fleet in one line. */
export function fleetText(spec: FleetSpec): string {
  const witness = spec.witnesses > 0 ? ` and ${spec.witnesses} witness` : "";
  const hosts = `${spec.hosts} host${spec.hosts === 1 ? "" : "s"}${witness}`;
  return `fleet: ${hosts}, ${spec.voters.length} voter${spec.voters.length === 1 ? "" : "s"}, ${spec.guests.length} guests, profile ${spec.profile}, ${spec.timing} timing`;
}
