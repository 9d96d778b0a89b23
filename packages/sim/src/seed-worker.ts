import { parentPort, workerData } from "node:worker_threads";
import type { DrawOptions } from "./draw-fleet.ts";
import { drawFleet } from "./draw-fleet.ts";
import { mutantNamed } from "./mutants.ts";
import { runFleet } from "./run-fleet.ts";

/** One worker of a long run: takes blocks of seeds and answers with their sums, or with the first seed that failed. */
export interface SeedBlock {
  readonly first: number;
  readonly count: number;
}

/** Sums over a block of seeds. */
export interface BlockResult extends SeedBlock {
  readonly failed: number | undefined;
  readonly virtualMs: number;
  readonly events: number;
  readonly takeovers: number;
}

/** What every block of a run has in common. */
export interface SeedWorkerData {
  readonly draw: DrawOptions;
  readonly mutant: string | undefined;
}

/** Runs a block of seeds in this thread. */
export function runBlock(block: SeedBlock, data: SeedWorkerData): BlockResult {
  const world = data.mutant === undefined ? {} : mutantNamed(data.mutant).world;
  let virtualMs = 0;
  let events = 0;
  let takeovers = 0;
  for (let seed = block.first; seed < block.first + block.count; seed++) {
    const result = runFleet(drawFleet(seed, data.draw), world);
    virtualMs += result.virtualMs;
    events += result.events;
    takeovers += result.takeovers;
    if (result.violation !== undefined) return { ...block, failed: seed, virtualMs, events, takeovers };
  }
  return { ...block, failed: undefined, virtualMs, events, takeovers };
}

parentPort?.on("message", (block: SeedBlock) => {
  parentPort?.postMessage(runBlock(block, workerData as SeedWorkerData));
});
