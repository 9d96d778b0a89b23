import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { WallTicks } from "../src/clock/wall-ticks.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("ticks of two timers that began at different moments come together", () => {
  vi.setSystemTime(1_000_037);
  const came: string[] = [];
  const first = new WallTicks(100, () => came.push(`first ${Date.now()}`));
  vi.advanceTimersByTime(180);
  const second = new WallTicks(100, () => came.push(`second ${Date.now()}`));
  vi.advanceTimersByTime(200);
  first.stop();
  second.stop();
  vi.advanceTimersByTime(1_000);
  expect(came).toEqual([
    "first 1000100",
    "first 1000200",
    "first 1000300",
    "second 1000300",
    "first 1000400",
    "second 1000400",
  ]);
});

it("a tick that came a moment early does not come twice", () => {
  vi.setSystemTime(1_000_098);
  const came: number[] = [];
  const ticks = new WallTicks(100, () => came.push(Date.now()));
  vi.advanceTimersByTime(300);
  ticks.stop();
  expect(came).toEqual([1_000_200, 1_000_300]);
});

it("a clock that is set back makes a pause longer by a quarter at most", () => {
  vi.setSystemTime(1_000_000);
  const came: number[] = [];
  const ticks = new WallTicks(100, () => came.push(performance.now()));
  for (const setBackMs of [10, 55, 99, 40_000, 80, 21]) {
    vi.advanceTimersByTime(100);
    vi.setSystemTime(Date.now() - setBackMs);
  }
  vi.advanceTimersByTime(300);
  ticks.stop();
  const pauses = came.slice(1).map((atMs, index) => atMs - (came[index] ?? 0));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(125);
});

it("tells how late a tick was", () => {
  vi.setSystemTime(1_000_000);
  const late: number[] = [];
  const ticks = new WallTicks(100, (lateMs) => late.push(lateMs));
  vi.advanceTimersByTime(100);
  expect(ticks.overdueMs).toBe(0);
  ticks.stop();
  expect(late).toEqual([0]);
});
