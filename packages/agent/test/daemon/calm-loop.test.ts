import { describe, expect, it } from "vitest";
import { CalmLoop } from "../../src/daemon/calm-loop.ts";

/** A loop whose timers come as late as the list says, one after the other, and then in time. */
function loopWithLags(...lagsMs: readonly number[]) {
  let nowMs = 0;
  let probes = 0;
  const sleep = async (ms: number) => {
    nowMs += ms + (lagsMs[probes] ?? 0);
    probes += 1;
  };
  return { calm: new CalmLoop({ sleep, nowMs: () => nowMs }), probes: () => probes, nowMs: () => nowMs };
}

describe("a calm loop", () => {
  it("is seen by the first timer that comes in time", async () => {
    const loop = loopWithLags(5);
    await loop.calm.whenCalm();
    expect(loop.probes()).toBe(1);
  });

  it("is waited for while timers come late", async () => {
    const loop = loopWithLags(400, 300, 90, 0);
    await loop.calm.whenCalm();
    expect(loop.probes()).toBe(4);
  });

  it("is not waited for without end", async () => {
    const loop = loopWithLags(...Array.from({ length: 100 }, () => 500));
    await loop.calm.whenCalm();
    expect(loop.nowMs()).toBeGreaterThan(3_000);
    expect(loop.nowMs()).toBeLessThan(4_000);
  });
});
