import { describe, expect, it } from "vitest";
import { inTurns } from "../src/in-turns.ts";

/** Work of so many steps, each of which takes so long. */
function* work(steps: number, stepMs: number, onStep: (step: number) => void): Generator<undefined, string> {
  for (let step = 0; step < steps; step += 1) {
    const began = performance.now();
    while (performance.now() - began < stepMs);
    onStep(step);
    yield;
  }
  return "done";
}

describe("work in turns", () => {
  it("lets whoever waits have a turn long before it is through", async () => {
    let step = 0;
    let seenAt: number | undefined;
    const result = inTurns(work(40, 4, (now) => (step = now)));
    setImmediate(() => {
      seenAt = step;
    });
    expect(await result).toBe("done");
    expect(seenAt).toBeLessThan(10);
  });

  it("fails as the work fails", async () => {
    const failing = work(3, 0, (step) => {
      if (step === 1) throw new Error("no more");
    });
    await expect(inTurns(failing)).rejects.toThrow("no more");
  });
});
