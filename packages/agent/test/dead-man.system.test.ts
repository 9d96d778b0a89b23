/** The dead-man as a real process beside a real libvirtd with real guests, and everything else stopped or gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { cgroupHierarchy } from "../../../test/support/cgroups.ts";
import { findGuestProcesses, isAlive, killProcess, processAt } from "../src/dead-man/guest-process.ts";
import { checkedLine } from "../src/store/checked-line.ts";
import { DeadManHost, type DeadManRun, listed } from "./dead-man-host.ts";

const generous = { timeout: 30_000, interval: 20 };
let host: DeadManHost;
let run: DeadManRun;
const children: ChildProcess[] = [];

beforeAll(async () => {
  host = await DeadManHost.start();
  await host.guests("bystander");
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await (run as DeadManRun | undefined)?.signal("KILL");
});

afterAll(async () => {
  await host.stop();
});

async function startDeadMan(...options: readonly string[]): Promise<void> {
  await started(() => run.startDeadMan(...options));
}

async function started(start: () => ChildProcess): Promise<void> {
  const before = run.heartbeat()?.pid;
  children.push(start());
  await vi.waitFor(() => {
    const heartbeat = run.heartbeat();
    expect(heartbeat, run.log).toMatchObject({ libvirtUp: true });
    expect(heartbeat?.pid).not.toBe(before);
  }, generous);
}

async function expectState(guest: string, state: string): Promise<void> {
  await vi.waitFor(async () => expect(await host.stateOf(guest), `${guest}; ${run.log}`).toBe(state), generous);
}

/** Milliseconds from a deadline to the moment at which libvirt told that the last of the guests was suspended. */
async function suspendedAfter(deadlineMs: number, guests: readonly string[]): Promise<number> {
  const times = await vi.waitFor(() => {
    const found = guests.map(
      (g) => host.seen.findLast((e) => e.guest === g && e.event === "suspended")?.at.monoMs ?? 0,
    );
    for (const time of found) expect(time, run.log).toBeGreaterThanOrEqual(deadlineMs - 20);
    return found;
  }, generous);
  return Math.max(...times) - deadlineMs;
}

describe("the dead-man", () => {
  it("suspends every protected guest when the deadline passes, and no other", async () => {
    run = host.newRun();
    await host.guests("a1", "a2", "a3");
    run.feed(60_000, [listed("a1"), listed("a2"), listed("a3")]);
    await startDeadMan();
    const deadline = run.feed(300, [listed("a1"), listed("a2"), listed("a3")]);
    const lateMs = await suspendedAfter(deadline.monoMs, ["a1", "a2", "a3"]);
    console.log(`deadline to the third guest suspended: ${lateMs.toFixed(0)} ms`);
    expect(lateMs).toBeLessThan(5_000);
    expect(await host.stateOf("bystander")).toBe("running");
    expect(run.heartbeat()).toMatchObject({ expired: true, watchdog: "absent" });
  });

  it("leaves guests alone while an agent feeds it, and suspends them when that agent is stopped or killed", async () => {
    run = host.newRun();
    await host.guests("b1", "b2");
    const guests = [listed("b1"), listed("b2")];
    const agent = run.startFeeder(1_500, guests);
    children.push(agent);
    await vi.waitFor(() => expect(run.hasFeed).toBe(true), generous);
    await startDeadMan();
    const began = run.heartbeat()?.at.bootMs ?? 0;
    // Longer than the lease: a deadline that nobody moved would have passed.
    await vi.waitFor(() => expect((run.heartbeat()?.at.bootMs ?? 0) - began).toBeGreaterThan(2_000), generous);
    expect(host.seen.filter(({ guest, event }) => guest.startsWith("b") && event === "suspended")).toEqual([]);
    agent.kill("SIGSTOP");
    await expectState("b1", "paused");
    await expectState("b2", "paused");

    agent.kill("SIGCONT");
    await vi.waitFor(() => expect(run.heartbeat()).toMatchObject({ expired: false }), generous);
    await host.libvirtd.virsh("resume", "b1");
    agent.kill("SIGKILL");
    await expectState("b1", "paused");
    await vi.waitFor(() => expect(run.log).toContain("DEADLINE_AHEAD"), generous);
  });

  it("suspends again what is resumed by hand while there is no lease", async () => {
    run = host.newRun();
    await host.guests("c1");
    run.feed(0, [listed("c1")]);
    await startDeadMan();
    await expectState("c1", "paused");
    const before = host.clock.now().monoMs;
    await host.libvirtd.virsh("resume", "c1");
    await suspendedAfter(before, ["c1"]);
  });

  it("kills by pid within its time while libvirtd is stopped", async () => {
    run = host.newRun();
    await host.guests("d1", "d2", "d3");
    const processes = [host.processOf("d1"), host.processOf("d2"), host.processOf("d3")] as const;
    // One recorded by the agent, one that the dead-man has to find by libvirt's pid file, one that not even that tells of.
    const guests = [listed("d1", { process: processes[0] }), listed("d2"), listed("d3")];
    await host.libvirtd.run("rm", "/run/libvirt/qemu/d3.pid");
    run.feed(60_000, guests);
    await startDeadMan();
    await host.libvirtd.stopDaemon("SIGSTOP");
    try {
      const deadline = run.feed(200, guests, { killMs: 500, stopMs: 3_000 });
      await vi.waitFor(
        () =>
          expect(
            processes.some((p) => host.isRunning(p)),
            run.log,
          ).toBe(false),
        generous,
      );
      const lateMs = host.clock.now().monoMs - deadline.monoMs;
      console.log(`deadline to the last of three guests killed, libvirtd stopped: ${lateMs.toFixed(0)} ms (K1 500)`);
      expect(lateMs).toBeGreaterThanOrEqual(480);
      await vi.waitFor(() => expect(run.log).toContain("KILLED d1: not confirmed stopped in time"), generous);
      await vi.waitFor(() => expect(run.heartbeat()).toMatchObject({ libvirtUp: false }), generous);
      // The dead-man's own judgement: nothing was left alive at K.
      expect(run.log).not.toContain("WATCHDOG_STOPPED");
    } finally {
      await host.libvirtd.stopDaemon("SIGCONT");
    }
    await expectState("d1", "off");
    await expectState("bystander", "running");
  });

  it("never kills a process that only has the recorded pid, and kills the guest's present one", async () => {
    run = host.newRun();
    await host.guests("e1");
    const { stdout } = await host.libvirtd.run("sh", "-c", "sleep 300 >&- 2>&- & echo $!");
    const stranger = host.identity(Number(stdout));
    const present = host.processOf("e1");
    const recycled = { pid: stranger.pid, startTicks: stranger.startTicks - 1 };
    run.feed(0, [listed("e1", { process: recycled, onIsolated: { kind: "down" } })]);
    await startDeadMan();
    await vi.waitFor(() => expect(host.isRunning(present), run.log).toBe(false), generous);
    await vi.waitFor(() => expect(run.log).toContain("KILLED e1"), generous);
    expect(host.isRunning(stranger)).toBe(true);
    await host.libvirtd.run("sh", "-c", `kill ${stranger.pid}`);
  });

  it("restarts: with a deadline ahead it touches nothing, with one that passed meanwhile it suspends", async () => {
    run = host.newRun();
    await host.guests("f1");
    run.feed(600_000, [listed("f1")]);
    await startDeadMan();
    await (run as DeadManRun | undefined)?.signal("KILL");
    await startDeadMan();
    expect(run.heartbeat()).toMatchObject({ expired: false });
    expect(await host.stateOf("f1")).toBe("running");
    await (run as DeadManRun | undefined)?.signal("KILL");
    run.feed(0, [listed("f1")]);
    await startDeadMan();
    await expectState("f1", "paused");
  });

  it("takes the deadline as passed where there is no feed, as after a boot, for the guests that the store owns", async () => {
    run = host.newRun();
    await host.guests("g1");
    run.ownedGuests(`${checkedLine(JSON.stringify(["g1", "g2"]))}\n`);
    await startDeadMan();
    await expectState("g1", "paused");
    expect(await host.stateOf("bystander")).toBe("running");
  });
});

describe("the log", () => {
  it.each([
    ["hangs with its pipe full", "sleep 300"],
    ["is gone", "true"],
  ])("does not hold up or end the dead-man when its reader %s", async (_case, reader) => {
    run = host.newRun();
    await host.guests(`l-${reader[0]}`);
    run.feed(60_000, [listed(`l-${reader[0]}`)]);
    await started(() => run.startDeadManLoggingTo(reader));
    run.feed(0, [listed(`l-${reader[0]}`)]);
    await expectState(`l-${reader[0]}`, "paused");
    const { pid, poll = 0 } = run.heartbeat() ?? {};
    await vi.waitFor(() => expect(run.heartbeat()?.poll ?? 0).toBeGreaterThan(poll + 3), generous);
    expect(run.heartbeat()?.pid).toBe(pid);
  });
});

describe("the watchdog device", () => {
  it("is fed until a guest that nothing can stop outlives K, and not a single time after", async ({ skip }) => {
    // A process in a frozen group of cgroup v1 does not take a SIGKILL until it is thawed: like one stuck in the kernel.
    using hierarchy = cgroupHierarchy("freezer");
    if (hierarchy === undefined) return skip("this kernel mounts no freezer, so nothing here is unkillable");
    run = host.newRun();
    await host.guests("berth-unkillable");
    const guest = host.processOf("berth-unkillable");
    const device = `${run.outside}/watchdog`;
    writeFileSync(device, "");
    run.feed(60_000, [listed("berth-unkillable", { process: guest })]);
    await startDeadMan("--watchdog", `${device.slice(device.indexOf("/run/"))}`);
    await vi.waitFor(() => expect(readFileSync(device).length).toBeGreaterThan(5), generous);
    expect(run.heartbeat()).toMatchObject({ watchdog: "fed" });

    const freezer = `${hierarchy.root}/berth-dead-man-test`;
    mkdirSync(freezer);
    const [outside] = findGuestProcesses([{ guest: "berth-unkillable", uuid: "" }]).values();
    writeFileSync(`${freezer}/cgroup.procs`, String(outside?.pid));
    writeFileSync(`${freezer}/freezer.state`, "FROZEN");
    try {
      await vi.waitFor(() => expect(readFileSync(`${freezer}/freezer.state`, "utf8").trim()).toBe("FROZEN"), generous);
      run.feed(0, [listed("berth-unkillable", { process: guest })], { killMs: 500, stopMs: 1_000 });
      await vi.waitFor(() => expect(run.heartbeat()?.watchdog, run.log).toBe("stopped"), generous);
      const { length } = readFileSync(device);
      const { poll = 0 } = run.heartbeat() ?? {};
      await vi.waitFor(() => expect(run.heartbeat()?.poll ?? 0).toBeGreaterThan(poll + 10), generous);
      expect(readFileSync(device).length).toBe(length);
      await vi.waitFor(() => expect(run.log).toContain("WATCHDOG_STOPPED"), generous);
    } finally {
      writeFileSync(`${freezer}/freezer.state`, "THAWED");
    }
    await vi.waitFor(() => expect(host.isRunning(guest)).toBe(false), generous);
    await vi.waitFor(() => rmdirSync(freezer), generous);
  });

  it("is disarmed by an orderly end only where no protected guest lives", async () => {
    run = host.newRun();
    await host.guests("armed");
    const device = `${run.outside}/watchdog`;
    const inside = device.slice(device.indexOf("/run/"));
    writeFileSync(device, "");
    run.feed(60_000, [listed("armed")]);
    await startDeadMan("--watchdog", inside);
    await run.signal("TERM");
    await vi.waitFor(() => expect(run.log).toContain("WATCHDOG_ARMED"), generous);
    expect(readFileSync(device, "latin1")).toMatch(/^1+$/);

    // As at the end of a host's shutdown: the list is still full, and nobody lives.
    run.feed(60_000, [listed("nobody")]);
    await startDeadMan("--watchdog", inside);
    await run.signal("TERM");
    await vi.waitFor(() => expect(readFileSync(device, "latin1")).toMatch(/V/), generous);
  });
});

describe("the kill", () => {
  it("takes everything in the cgroup that libvirt made for the guest, and nothing in one that is not the guest's", async ({
    skip,
  }) => {
    using hierarchy = cgroupHierarchy("unified");
    if (hierarchy === undefined) return skip("this kernel mounts no cgroup v2");
    const { root } = hierarchy;
    mkdirSync(`${root}/berth-dead-man-test`);
    for (const [scope, helperDies] of [
      ["machine-qemu\\x2d1\\x2dberth.scope", true],
      ["berth-daemon.service", false],
    ] as const) {
      const folder = `${root}/berth-dead-man-test/${scope}`;
      mkdirSync(folder);
      const [hypervisor, helper] = [spawn("sleep", ["300"]), spawn("sleep", ["300"])];
      children.push(hypervisor, helper);
      for (const { pid } of [hypervisor, helper]) writeFileSync(`${folder}/cgroup.procs`, String(pid));
      const [target, beside] = [processAt(hypervisor.pid ?? 0), processAt(helper.pid ?? 0)];
      if (target === undefined || beside === undefined) throw new Error("the two processes did not start");
      expect(killProcess(target, { cgroupRoot: root })).toBe("killed");
      await vi.waitFor(() => expect(isAlive(target)).toBe(false), generous);
      if (helperDies) await vi.waitFor(() => expect(isAlive(beside)).toBe(false), generous);
      else expect(isAlive(beside)).toBe(true);
      helper.kill("SIGKILL");
      await vi.waitFor(() => rmdirSync(folder), generous);
      expect(killProcess(target)).toBe("gone");
    }
    rmdirSync(`${root}/berth-dead-man-test`);
  });
});
