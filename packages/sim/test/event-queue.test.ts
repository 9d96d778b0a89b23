import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "../src/event-queue.ts";

test("events come out by time, and equal times in the order they were scheduled", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const queue = new EventQueue();
      const seen: { at: number; index: number }[] = [];
      for (const [index, at] of times.entries())
        queue.at(at, (event: { at: number; index: number }) => seen.push(event), { at, index });
      while (queue.runNext(100));
      const expected = times.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at || a.index - b.index);
      expect(seen).toEqual(expected);
    }),
  );
});

test("a cancelled event never runs and does not move time", () => {
  const queue = new EventQueue();
  let ran = 0;
  const entry = queue.at(5, () => ran++, undefined);
  queue.cancel(entry);
  expect(queue.runNext(3)).toBe(false);
  expect(queue.nowMs).toBe(3);
  expect(queue.runNext(10)).toBe(false);
  expect(ran).toBe(0);
});

test("an event scheduled in the past happens now, not before", () => {
  const queue = new EventQueue();
  queue.at(10, () => {}, undefined);
  queue.runNext(10);
  let at = -1;
  queue.at(4, () => (at = queue.nowMs), undefined);
  queue.runNext(20);
  expect(at).toBe(10);
});
