import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type BlockResult, runBlock, type SeedBlock, type SeedWorkerData } from "./seed-worker.ts";

/** Sums of a run over many seeds. */
export interface ManySeeds {
  readonly ran: number;
  /** The lowest seed that failed among those that ran. */
  readonly failed: number | undefined;
  readonly virtualMs: number;
  readonly events: number;
  readonly takeovers: number;
  readonly realMs: number;
}

/** Which seeds, how drawn, and on how many threads. */
export interface ManySeedsInit extends SeedWorkerData {
  readonly first: number;
  readonly count: number;
  /** Threads. @default one for each core, 1 for a short run */
  readonly jobs?: number;
  /** Called after each block. */
  readonly onProgress?: (soFar: ManySeeds) => void;
}

const blockSize = 20;

/** Runs seeds `first` to `first + count - 1`, on all cores when there are many, and stops at the first failure. */
export async function runManySeeds(init: ManySeedsInit): Promise<ManySeeds> {
  const jobs = init.jobs ?? (init.count < 2 * blockSize ? 1 : availableParallelism());
  const sums = new Sums(init.onProgress);
  const blocks = blocksOf(init.first, init.count);
  if (jobs === 1) {
    for (const block of blocks) if (sums.add(runBlock(block, init))) break;
  } else await Promise.all(Array.from({ length: jobs }, () => work(blocks, init, sums)));
  return sums.total;
}

function* blocksOf(first: number, count: number): Generator<SeedBlock> {
  for (let done = 0; done < count; done += blockSize) {
    yield { first: first + done, count: Math.min(blockSize, count - done) };
  }
}

async function work(blocks: Generator<SeedBlock>, init: ManySeedsInit, sums: Sums): Promise<void> {
  const workerData: SeedWorkerData = { draw: init.draw, mutant: init.mutant };
  const worker = new Worker(new URL("./seed-worker.ts", import.meta.url), { workerData });
  try {
    for (const block of blocks) {
      const { promise, resolve, reject } = Promise.withResolvers<BlockResult>();
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.postMessage(block);
      const result = await promise;
      worker.off("error", reject);
      if (sums.add(result) || sums.total.failed !== undefined) return;
    }
  } finally {
    await worker.terminate();
  }
}

class Sums {
  total: ManySeeds = { ran: 0, failed: undefined, virtualMs: 0, events: 0, takeovers: 0, realMs: 0 };
  #startedMs = performance.now();
  #onProgress: ((soFar: ManySeeds) => void) | undefined;

  constructor(onProgress: ((soFar: ManySeeds) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  /** True when the block failed. */
  add(block: BlockResult): boolean {
    const { total } = this;
    const failed = [total.failed, block.failed].filter((seed) => seed !== undefined);
    this.total = {
      ran: total.ran + (block.failed === undefined ? block.count : block.failed - block.first + 1),
      failed: failed.length === 0 ? undefined : Math.min(...failed),
      virtualMs: total.virtualMs + block.virtualMs,
      events: total.events + block.events,
      takeovers: total.takeovers + block.takeovers,
      realMs: performance.now() - this.#startedMs,
    };
    this.#onProgress?.(this.total);
    return block.failed !== undefined;
  }
}
