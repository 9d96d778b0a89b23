import { uptime } from "node:os";
import { describe, expect, it } from "vitest";
import { readBootId } from "../src/clock/boot-id.ts";
import { type ClockReadings, openHostClock } from "../src/clock/host-clock.ts";
import { LoopLag } from "../src/clock/loop-lag.ts";

const monoMs = () => Number(process.hrtime.bigint()) / 1e6;

function bootFrom(boot: (mono: number) => number): ClockReadings {
  return { bootMs: () => boot(monoMs()), monoMs };
}

describe("the clocks of the host", () => {
  it("are those of the kernel, and advance", async () => {
    const clock = await openHostClock();
    const now = clock.now();
    expect(Math.abs(now.bootMs - uptime() * 1000)).toBeLessThan(5_000);
    await expect.poll(() => clock.now().bootMs).toBeGreaterThan(now.bootMs);
    expect(clock.now().monoMs).toBeGreaterThan(now.monoMs);
  });

  it("are taken on a machine that has slept since boot: boot-time is ahead by the sleep", async () => {
    const clock = await openHostClock(bootFrom((mono) => mono + 3_600_000));
    const { bootMs, monoMs: mono } = clock.now();
    expect(bootMs - mono).toBeGreaterThan(3_599_000);
  });

  it("are taken although the machine sleeps during the first comparison", async () => {
    const beginning = monoMs();
    await openHostClock(bootFrom((mono) => (mono < beginning + 50 ? mono : mono + 60_000)));
  });

  it.each<[string, (mono: number) => number]>([
    ["boot-time is behind monotonic", (mono) => mono - 5_000],
    ["boot-time runs at another rate", (mono) => mono * 2],
    ["boot-time stands still", () => 1e12],
  ])("are refused where %s", async (_case, boot) => {
    await expect(openHostClock(bootFrom(boot))).rejects.toMatchObject({ code: "CLOCK_UNUSABLE" });
  });

  it("end the process when one of them goes backwards", async () => {
    let sleptMs = 1_000;
    const clock = await openHostClock(bootFrom((mono) => mono + sleptMs));
    clock.now();
    sleptMs = 0;
    expect(() => clock.now()).toThrow("a clock went backwards");
  });
});

describe("the boot id", () => {
  it("is the kernel's", () => {
    expect(readBootId()).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(() => readBootId("/proc/no-such-file")).toThrow("cannot be read");
  });
});

describe("the event loop's own lag", () => {
  it("shows work that kept the loop busy, while it lasts and afterwards, once", async () => {
    const lag = new LoopLag();
    try {
      const until = performance.now() + 400;
      while (performance.now() < until);
      expect(lag.latestMs).toBeGreaterThan(200);
      expect(lag.takeMaximumMs()).toBeGreaterThan(200);
      await expect.poll(() => lag.takeMaximumMs()).toBeLessThan(200);
    } finally {
      lag.stop();
    }
  });
});
