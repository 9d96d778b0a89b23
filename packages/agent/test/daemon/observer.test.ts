import { describe, expect, test } from "vitest";
import type { HostLook } from "../../src/daemon/host-hypervisors.ts";
import { Observer } from "../../src/daemon/observer.ts";

const look: HostLook = { observation: { domains: [], networks: [] }, byUri: new Map() };

/** An observer whose looks are answered by the test, and a log of what it told. */
function observer(idleMs = 60_000) {
  const told: string[] = [];
  const asked: PromiseWithResolvers<HostLook>[] = [];
  const observing = new Observer({
    look: () => {
      told.push("asked");
      const question = Promise.withResolvers<HostLook>();
      asked.push(question);
      return question.promise;
    },
    onLook: () => void told.push("list"),
    onReach: (problem) => void (problem === undefined ? undefined : told.push(`problem: ${problem}`)),
    idleMs: () => idleMs,
  });
  return { observing, told, asked };
}

describe("the observer", () => {
  test("hands over a list before the end of an act that came while the list was being made, and asks again", async () => {
    const { observing, told, asked } = observer();
    observing.request();
    await expect.poll(() => asked.length).toBe(1);
    observing.actEnded(() => told.push("act ended"));
    expect(told).toEqual(["asked"]);
    asked[0]?.resolve(look);
    await expect.poll(() => told).toEqual(["asked", "list", "act ended", "asked"]);
    observing.stop();
  });

  test("tells the end of an act at once when no list is being made, and asks for one", async () => {
    const { observing, told } = observer();
    observing.actEnded(() => told.push("act ended"));
    expect(told).toEqual(["act ended"]);
    await expect.poll(() => told).toEqual(["act ended", "asked"]);
    observing.stop();
  });

  test("makes one list at a time, however often it is asked", async () => {
    const { observing, told, asked } = observer();
    for (let time = 0; time < 5; time += 1) observing.request();
    await expect.poll(() => asked.length).toBe(1);
    for (let time = 0; time < 5; time += 1) observing.request();
    asked[0]?.resolve(look);
    await expect.poll(() => told).toEqual(["asked", "list", "asked"]);
    observing.stop();
  });

  test("does not hold back the ends of acts when the hypervisor does not answer, and tries again", async () => {
    const { observing, told, asked } = observer();
    observing.request();
    await expect.poll(() => asked.length).toBe(1);
    observing.actEnded(() => told.push("act ended"));
    asked[0]?.reject(new Error("gone"));
    await expect.poll(() => told).toEqual(["asked", "problem: gone", "act ended", "asked"]);
    observing.stop();
  });

  test("looks from time to time when nothing happens", async () => {
    const { observing, told, asked } = observer(10);
    observing.request();
    await expect.poll(() => asked.length).toBe(1);
    asked[0]?.resolve(look);
    await expect.poll(() => told).toEqual(["asked", "list", "asked"]);
    observing.stop();
  });
});
