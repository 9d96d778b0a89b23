import type { Act } from "@berth/claims";
import { describe, expect, test, vi } from "vitest";
import { AgentError } from "../../src/agent-error.ts";
import { type ActComponents, ActPerformer } from "../../src/daemon/act-performer.ts";
import type { Hypervisor } from "../../src/ports/hypervisor.ts";

const later = { bootMs: 10_000, monoMs: 10_000 };
let lastId = 0;
function act(kind: Exclude<Act["kind"], "resume">, guest: string): Act {
  lastId += 1;
  return { id: lastId, guest, kind, why: "test" };
}

/** Acts on a hypervisor whose steps end when the test says so. */
function performer(change: Partial<ActComponents> = {}) {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const hypervisor = {
    perform: async (step: { kind: string; domain: string }, _signal: undefined, mayBegin?: () => void) => {
      mayBegin?.();
      const name = `${step.kind} ${step.domain}`;
      begun.push(name);
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      return end.promise;
    },
  } as unknown as Hypervisor;
  const acts = new ActPerformer({
    clock: { now: () => ({ bootMs: 100, monoMs: 100 }) },
    hypervisorOf: async () => hypervisor,
    retire: () => {},
    prepare: async () => {},
    ownStart: (_guest, start) => start(),
    stateOf: () => "shutoff",
    shutdownTimeoutMs: 1_000,
    ...change,
  });
  return { acts, begun, ends, hypervisor };
}

describe("acts", () => {
  test("a suspend begins although every start hangs", async () => {
    const { acts, begun } = performer();
    for (let guest = 0; guest < 20; guest += 1) void acts.perform(act("start-paused", `g${guest}`));
    void acts.perform(act("suspend", "web1"));
    await expect.poll(() => begun).toContain("suspend-domain web1");
  });

  test("starts in masses wait for a calm loop; a few do not, and a suspend never does", async () => {
    const calm = Promise.withResolvers<void>();
    const { acts, begun } = performer({ loop: { whenCalm: () => calm.promise } });
    void acts.perform(act("start-paused", "alone"));
    await expect.poll(() => begun).toEqual(["start-domain alone"]);
    for (let guest = 0; guest < 4; guest += 1) void acts.perform(act("shutdown", `g${guest}`));
    await expect.poll(() => begun).toHaveLength(5);
    void acts.perform(act("start-paused", "web1"));
    void acts.perform(act("suspend", "web2"));
    await expect.poll(() => begun.slice(5)).toEqual(["suspend-domain web2"]);
    calm.resolve();
    await expect.poll(() => begun.slice(6)).toEqual(["start-domain web1"]);
  });

  test("a guest that answers no suspend takes no place from the others, however often it is repeated", async () => {
    const { acts, begun } = performer();
    for (let time = 0; time < 20; time += 1) void acts.perform(act("suspend", "frozen"));
    void acts.perform(act("suspend", "web1"));
    await expect.poll(() => begun).toEqual(["suspend-domain frozen", "suspend-domain web1"]);
  });

  test("a destroy overtakes the shutdown of its guest", async () => {
    const { acts, begun, ends } = performer();
    const shutdown = acts.perform(act("shutdown", "web1"));
    await expect.poll(() => begun).toEqual(["shutdown-domain web1"]);
    const destroy = acts.perform(act("destroy", "web1"));
    await expect.poll(() => begun).toContain("destroy-domain web1");
    ends.get("destroy-domain web1")?.resolve();
    expect(await destroy).toEqual({ outcome: "done" });
    ends.get("shutdown-domain web1")?.resolve();
    expect(await shutdown).toEqual({ outcome: "done" });
  });

  test("a resume is not begun once its lease has ended on either clock", async () => {
    for (const notAfter of [
      { bootMs: 100, monoMs: 10_000 },
      { bootMs: 10_000, monoMs: 100 },
    ]) {
      const { acts, begun } = performer();
      const end = await acts.perform({ id: 1, guest: "web1", kind: "resume", why: "test", notAfter });
      expect(end.outcome).toBe("failed");
      expect(begun).toEqual([]);
    }
  });

  test("a resume that waited for its place until the lease ended is not begun", async () => {
    let now = { bootMs: 100, monoMs: 100 };
    const { acts, begun, ends } = performer({ clock: { now: () => now } });
    void acts.perform({ id: 1, guest: "first", kind: "resume", why: "test", notAfter: later });
    const second = acts.perform({ id: 2, guest: "second", kind: "resume", why: "test", notAfter: later });
    await expect.poll(() => begun).toEqual(["resume-domain first"]);
    now = later;
    ends.get("resume-domain first")?.resolve();
    expect((await second).outcome).toBe("failed");
    expect(begun).toEqual(["resume-domain first"]);
  });

  test("a resume that was told as failed is not begun when its connection comes at last, lease or no lease", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const connection = Promise.withResolvers<Hypervisor>();
      const { acts, begun, hypervisor } = performer({ hypervisorOf: () => connection.promise });
      const end = acts.perform({ id: 1, guest: "web1", kind: "resume", why: "test", notAfter: later });
      await vi.advanceTimersByTimeAsync(6_000);
      expect(await end).toMatchObject({ outcome: "failed" });
      connection.resolve(hypervisor);
      await vi.advanceTimersByTimeAsync(1);
      expect(begun).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a start that was told as failed is not begun when its preparation ends at last", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const prepared = Promise.withResolvers<void>();
      const { acts, begun } = performer({ prepare: () => prepared.promise });
      const end = acts.perform(act("start-paused", "web1"));
      await vi.advanceTimersByTimeAsync(56_000);
      expect(await end).toMatchObject({ outcome: "failed" });
      prepared.resolve();
      await vi.advanceTimersByTimeAsync(1);
      expect(begun).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a guest that pauses itself again at once is not resumed as fast as it can be looked at", async () => {
    const { acts, begun, ends } = performer();
    const resume = (guest: string, id: number) =>
      acts.perform({ id, guest, kind: "resume", why: "test", notAfter: later });
    const first = resume("full", 1);
    await expect.poll(() => begun).toEqual(["resume-domain full"]);
    ends.get("resume-domain full")?.resolve();
    await first;
    const again = performance.now();
    const second = resume("full", 2);
    void resume("other", 3);
    await expect.poll(() => begun).toEqual(["resume-domain full", "resume-domain other"]);
    ends.get("resume-domain other")?.resolve();
    await expect.poll(() => begun.at(-1), { timeout: 5_000 }).toBe("resume-domain full");
    expect(performance.now() - again).toBeGreaterThan(900);
    ends.get("resume-domain full")?.resolve();
    expect((await second).outcome).toBe("done");
  });

  test("nothing is started when what the guest needs cannot be had, and the reason is told", async () => {
    const prepare = async () => {
      throw new AgentError("OPERATION_FAILED", "there is no definition of it");
    };
    const { acts, begun } = performer({ prepare });
    expect(await acts.perform(act("start-paused", "web1"))).toEqual({
      outcome: "failed",
      reason: "there is no definition of it",
    });
    expect(begun).toEqual([]);
  });

  test("what is left of a crashed guest goes before it is started", async () => {
    const { acts, begun, ends } = performer({ stateOf: () => "crashed" });
    void acts.perform(act("start-paused", "web1"));
    await expect.poll(() => begun).toEqual(["destroy-domain web1"]);
    ends.get("destroy-domain web1")?.resolve();
    await expect.poll(() => begun).toEqual(["destroy-domain web1", "start-domain web1"]);
  });

  test("what is left of a crashed guest is cleared away instead of resumed, and the protocol is told to look again", async () => {
    const { acts, begun, ends } = performer({ stateOf: () => "crashed" });
    const end = acts.perform({ id: 1, guest: "web1", kind: "resume", why: "test", notAfter: later });
    await expect.poll(() => begun).toEqual(["destroy-domain web1"]);
    ends.get("destroy-domain web1")?.resolve();
    expect(await end).toMatchObject({ outcome: "failed", reason: expect.stringContaining("it had crashed") });
    expect(begun).toEqual(["destroy-domain web1"]);
  });

  test("a sleeping guest is woken, not resumed", async () => {
    const { acts, begun } = performer({ stateOf: () => "pm-suspended" });
    void acts.perform({ id: 1, guest: "web1", kind: "resume", why: "test", notAfter: later });
    await expect.poll(() => begun).toEqual(["wake-domain web1"]);
  });
});
