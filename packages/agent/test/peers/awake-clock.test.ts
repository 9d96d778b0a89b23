import { describe, expect, it } from "vitest";
import { AwakeClock } from "../../src/peers/awake-clock.ts";
import { peerTiming, suspicionMs, turnsOf } from "../../src/peers/peer-timing.ts";

function clockAt() {
  let now = 1_000;
  const clock = new AwakeClock(100, () => now);
  const pass = (ms: number) => {
    now += ms;
  };
  return { clock, pass };
}

describe("a clock that stands still while its process does", () => {
  it("goes with the time while ticks come as they are due", () => {
    const { clock, pass } = clockAt();
    const startMs = clock.nowMs;
    for (let tick = 0; tick < 50; tick += 1) {
      pass(100);
      clock.tick();
    }
    expect(clock.nowMs - startMs).toBe(5_000);
    expect(clock.lagMs).toBe(0);
  });

  it("counts two ticks of a sleep of a minute", () => {
    const { clock, pass } = clockAt();
    const startMs = clock.nowMs;
    pass(60_000);
    expect(clock.nowMs - startMs).toBe(200);
    clock.tick();
    expect(clock.nowMs - startMs).toBe(200);
    expect(clock.lagMs).toBe(59_800);
  });
});

describe("times that follow from T_fence", () => {
  it.each([2_000, 4_000, 10_000, 30_000])("notice a silent peer within half of %i ms", (fenceMs) => {
    const { suspectMs, confirmMs, tickMs, beatMs } = peerTiming(fenceMs);
    expect(suspectMs + confirmMs + 2 * tickMs).toBeLessThanOrEqual(fenceMs / 2);
    expect(suspectMs / beatMs).toBeGreaterThanOrEqual(2);
  });

  it.each([
    [29, 1],
    [30, 1],
    [31, 2],
    [99, 4],
  ])("give each of %i links its heartbeat every %i beats, and suspicion waits for the turn", (links, turns) => {
    const timing = peerTiming(4_000);
    expect(turnsOf(links, 30)).toBe(turns);
    expect(suspicionMs(timing, turns)).toBe(
      turns === 1 ? 1_000 : Math.max(1_000, turns * timing.beatMs + 2 * timing.tickMs),
    );
  });
});
