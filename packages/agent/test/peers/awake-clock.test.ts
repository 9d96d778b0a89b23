import { describe, expect, it } from "vitest";
import { AwakeClock } from "../../src/peers/awake-clock.ts";
import { beatPauseMs, peerTiming, suspicionMs } from "../../src/peers/peer-timing.ts";

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
  it.each([2_000, 4_000, 10_000, 30_000])("give up a SYN that nobody answers in good time (%i ms)", (fenceMs) => {
    const { connectMs } = peerTiming(fenceMs);
    expect(connectMs).toBeGreaterThanOrEqual(400);
    // The kernel repeats a lost SYN after a second: where a heal is to be noticed soon, a new one is there before.
    if (fenceMs <= 4_000) expect(connectMs).toBeLessThan(1_000);
  });

  it.each([2_000, 4_000, 10_000, 30_000])("notice a silent peer within half of %i ms", (fenceMs) => {
    const { suspectMs, confirmMs, tickMs } = peerTiming(fenceMs);
    expect(suspectMs + confirmMs + 2 * tickMs).toBeLessThanOrEqual(fenceMs / 2);
  });

  it.each([2_000, 4_000, 10_000, 30_000])(
    "suspect no peer in vain whose heartbeat is a tick late (%i ms)",
    (fenceMs) => {
      const timing = peerTiming(fenceMs);
      expect(suspicionMs(timing, timing.beatMs)).toBe(timing.suspectMs);
      expect(timing.beatMs + 2 * timing.tickMs).toBeLessThan(timing.suspectMs);
    },
  );

  it.each([
    [1, 667],
    [30, 667],
    [31, 800],
    [60, 800],
    [61, 1_200],
    [99, 1_600],
  ])("give each of %i links its heartbeat every %i ms, and suspicion waits for the turn", (links, pauseMs) => {
    const timing = peerTiming(4_000);
    expect(Math.round(beatPauseMs(timing, links, 30))).toBe(pauseMs);
    expect(suspicionMs(timing, pauseMs)).toBe(Math.max(1_000, pauseMs + 2 * timing.tickMs));
  });
});
