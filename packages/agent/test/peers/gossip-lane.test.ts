import { expect, it } from "vitest";
import { AwakeClock } from "../../src/peers/awake-clock.ts";
import { GossipLane } from "../../src/peers/gossip-lane.ts";

/** Turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function lane(isLagging: () => boolean, workMs = 0) {
  const delivered: number[] = [];
  let dropped = 0;
  const made = new GossipLane<number>({
    deliver: (item) => {
      for (const endMs = performance.now() + workMs; performance.now() < endMs; );
      delivered.push(item);
    },
    onDropped: () => {
      dropped += 1;
    },
    isLagging,
  });
  return { lane: made, delivered, dropped: () => dropped };
}

it("gossip is handled after what came in the same turn, in the order in which it came", async () => {
  const { lane: gossip, delivered } = lane(() => false);
  for (let item = 0; item < 10; item += 1) gossip.take(item);
  expect(delivered).toEqual([]);
  await turns(2);
  expect(delivered).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it("gossip that is much work leaves turns to everything else in between", async () => {
  const { lane: gossip, delivered } = lane(() => false, 3);
  for (let item = 0; item < 6; item += 1) gossip.take(item);
  await turns(1);
  expect(delivered.length).toBeGreaterThan(0);
  expect(delivered.length).toBeLessThan(6);
  await expect.poll(() => delivered.length).toBe(6);
});

it("while the host is late with its work gossip waits, and the oldest makes room", async () => {
  let isLagging = true;
  const { lane: gossip, delivered, dropped } = lane(() => isLagging);
  for (let item = 0; item < 600; item += 1) gossip.take(item);
  await turns(5);
  expect(delivered).toEqual([]);
  expect(dropped()).toBe(88);
  isLagging = false;
  await expect.poll(() => delivered.at(-1)).toBe(599);
  expect(delivered[0]).toBe(88);
});

it("a stopped lane delivers nothing more", async () => {
  const { lane: gossip, delivered } = lane(() => false);
  gossip.take(1);
  gossip.stop();
  await turns(2);
  expect(delivered).toEqual([]);
});

it("a process counts as late from its stall until a second after it", () => {
  let readMs = 0;
  const clock = new AwakeClock(100, () => readMs);
  readMs = 100;
  clock.tick();
  expect(clock.isLagging).toBe(false);
  readMs = 450;
  expect(clock.isLagging).toBe(true);
  clock.tick();
  readMs = 500;
  clock.tick();
  expect(clock.isLagging).toBe(true);
  for (readMs = 600; readMs <= 1_500; readMs += 100) clock.tick();
  expect(clock.isLagging).toBe(false);
});
