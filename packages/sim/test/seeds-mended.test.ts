import { expect, test } from "vitest";
import { describeFailure, runSeed, shorten } from "../src/seed-run.ts";

test.each([
  [
    4100,
    "a host that restarted twice, where a voter had missed the incarnation in between, could not take over from itself",
  ],
  [4374, "a guest started by hand that policy wants down stayed suspended for ever"],
  [7792, "the owner of a guest whose process is stuck resumed it twice a second for ever and told nobody"],
  [9264, "a guest was not brought back"],
  [13041, "two claims that each reached one voter made everybody wait for an owner that was none"],
  [15993, "a fence of one voter, copied to all, let others take over from a host whose lease ran on"],
  [16132, "a fence of one voter, copied to all, let others take over from a host whose lease ran on"],
  [43961, "the oracle took an answer that came when its renewal was over for a lease"],
  [61029, "a host asked about its own former claim every two seconds for ever, because its own voter had missed it"],
  [89526, "a guest that was handed over and started by hand again waited for ever for an heir that could not have it"],
  [209810, "a new voter that was off when the others were activated never got its copy"],
  [402358, "the oracle did not know that a resume ordered before a sleep lands when the host wakes"],
  [19120, "the oracle took a guest that was started by hand under its host's former claim for rightful"],
])("the promise holds in the fleet of seed %i, where once %s", (seed) => {
  const failure = runSeed(seed);
  if (failure !== undefined) expect.fail(describeFailure(shorten(failure), `npm run sim -- --seed ${seed}`));
});

test.each([
  [561, "the oracle did not know that an incarnation older than the known one is fenced"],
  [697, "a host could not take over from a copy of itself, because its own lagging voter answered first"],
])("the promise holds in the fleet of seed %i with a copied disk, where once %s", (seed) => {
  const failure = runSeed(seed, { rare: true });
  if (failure !== undefined) expect.fail(describeFailure(shorten(failure), `npm run sim -- --seed ${seed} --rare`));
});
