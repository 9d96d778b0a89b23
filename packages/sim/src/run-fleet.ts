import { endOfRun } from "./draw-fleet.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import type { Violation } from "./violation.ts";
import { whatIsMissing } from "./wholeness.ts";
import { World, type WorldOptions } from "./world.ts";

/** What became of one fleet. */
export interface FleetResult {
  /** The first violation; undefined when the promise held all the way. */
  readonly violation: Violation | undefined;
  /** Fingerprint of everything that happened. */
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly takeovers: number;
  readonly overlaps: readonly { readonly cause: string; readonly forMs: number }[];
}

/** Runs one fleet to its end, or to the first violation. */
export function runFleet(spec: FleetSpec, options: WorldOptions = {}): FleetResult {
  const world = new World(spec, options);
  const untilMs = endOfRun(spec);
  world.runUntil(untilMs);
  let violation = world.oracle.violations[0];
  if (violation === undefined) {
    const missing = whatIsMissing(world);
    if (missing.length > 0) violation = { code: "NOT_RECOVERED", atMs: untilMs, text: missing.join("; ") };
  }
  if (violation !== undefined) world.say("fleet", `VIOLATION ${violation.code}: ${violation.text}`);
  return {
    violation,
    traceHash: world.hash.digest(),
    virtualMs: world.queue.nowMs,
    events: world.queue.scheduled,
    takeovers: world.oracle.takeovers.length,
    overlaps: world.oracle.executions.overlaps,
  };
}
