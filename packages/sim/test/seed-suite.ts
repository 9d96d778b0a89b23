import { expect, test } from "vitest";
import { describeFailure, runSeed, shorten } from "../src/seed-run.ts";

const blockSize = 100;

/** One test per hundred seeds; a failure prints the seed, the shortest trace and the command that replays it. */
export function testSeeds(first: number, count: number): void {
  for (let block = first; block < first + count; block += blockSize) {
    test(`the promise holds in the fleets of seeds ${block} to ${block + blockSize - 1}`, { timeout: 240_000 }, () => {
      for (let seed = block; seed < block + blockSize; seed++) {
        const failure = runSeed(seed);
        if (failure === undefined) continue;
        expect.fail(describeFailure(shorten(failure), `npm run sim -- --seed ${seed}`));
      }
    });
  }
}
