import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { EmbeddedHypervisor } from "../../src/adapters/embedded/embedded-hypervisor.ts";
import { StateStore } from "../../src/adapters/embedded/state-store.ts";
import { AgentError } from "../../src/agent-error.ts";
import { DeadManChild } from "../../src/daemon/dead-man-child.ts";
import type { AgentInit } from "../../src/daemon/start-agent.ts";
import { deadManPaths } from "../../src/dead-man/file-link.ts";
import { processAt } from "../../src/dead-man/guest-process.ts";
import { defaultDeadManSettings } from "../../src/dead-man/run-dead-man.ts";
import { readTmpfsFile } from "../../src/dead-man/tmpfs-file.ts";
import type { DeadManHeartbeat } from "../../src/ports/dead-man-link.ts";
import { openRecordStore } from "../../src/store/open-record-store.ts";
import { DaemonFleet } from "./daemon-fleet.ts";
import { builtGuest } from "./daemon-guests.ts";

describe("a write that did not reach the disk for certain", () => {
  test("ends the agent with that reason, and the other hosts take over", async () => {
    let fails = false;
    const openStore = async (path: string) => {
      const store = await openRecordStore(path);
      const put = store.put.bind(store);
      store.put = (batch) =>
        fails ? Promise.reject(new AgentError("STORE_WRITE_FAILED", "a batch did not reach the disk")) : put(batch);
      return store;
    };
    const start = (host: string) => (host === "h1" ? { openStore } : {});
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1", { host: "h1|h2" })], start });
    await fleet.settled(["web1"]);
    fails = true;
    const ended = fleet.agent("h1").ended;
    fleet.agent("h1").operate({ kind: "drain" });
    await expect(ended).rejects.toMatchObject({ code: "STORE_WRITE_FAILED" });
    expect(fleet.agent("h1").events().at(-1)).toMatchObject({ level: "alarm", code: "AGENT_ENDS" });
    await fleet.cutPower("h1");
    expect((await fleet.settled(["web1"])).get("web1")).toBe("h2");
  });
});

describe("a write that fails while the agent starts", () => {
  test("is why it did not start, and nothing of it is left", async () => {
    let fails = false;
    const openStore = async (path: string) => {
      const store = await openRecordStore(path);
      const put = store.put.bind(store);
      store.put = (batch) =>
        fails ? Promise.reject(new AgentError("STORE_WRITE_FAILED", "a batch did not reach the disk")) : put(batch);
      return store;
    };
    const start = (host: string) => (host === "h1" ? { openStore } : {});
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1", { host: "h1" })], start });
    await fleet.settled(["web1"]);
    await fleet.stopAgent("h1");
    fails = true;
    await expect(fleet.startAgent("h1")).rejects.toMatchObject({ code: "STORE_WRITE_FAILED" });
    fails = false;
    await fleet.startAgent("h1");
    await fleet.settled(["web1"]);
  });
});

describe("an agent that starts again", () => {
  test("tells what its earlier lives did, and where each began and ended", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1", { host: "h1" })] });
    await fleet.settled(["web1"]);
    await fleet.stopAgent("h1");
    await fleet.startAgent("h1");
    const told = fleet.agent("h1").events();
    const lives = told.filter(({ code }) => code.startsWith("LIFE_")).map(({ life, code }) => `${life} ${code}`);
    expect(lives).toEqual(["1 LIFE_BEGINS", "1 LIFE_ENDS", "2 LIFE_BEGINS"]);
    expect(told.some(({ life, code, guest }) => life === 1 && code === "GUEST_STARTED" && guest === "web1")).toBe(true);
  });
});

describe("a hypervisor that does not answer", () => {
  test("takes no guest from the host that runs it, although others could have it", async () => {
    const away = new Set<string>();
    const start = (host: string): Partial<AgentInit> => ({
      openHypervisor: async (_uri, { stateDir }) => {
        const hypervisor = new EmbeddedHypervisor({ store: new StateStore(join(stateDir, "embedded.json")) });
        const observe = hypervisor.observe.bind(hypervisor);
        hypervisor.observe = async () => {
          if (away.has(host)) throw new AgentError("HYPERVISOR_LOST", "libvirtd is being restarted");
          return observe();
        };
        return hypervisor;
      },
    });
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")], start });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const phase = () => fleet.snapshot(owner).claims.guests.find(({ guest }) => guest === "web1")?.phase;
    await fleet.until(phase, "running");
    away.add(owner);
    await fleet.until(() => fleet.snapshot(owner).hypervisorProblem, "libvirtd is being restarted");
    const { upMs } = fleet.snapshot(owner);
    // Two leases long: an owner that wants to leave begins at its next look at the guest.
    await fleet.until(() => fleet.snapshot(owner).upMs > upMs + 4_000, true);
    expect(phase()).toBe("running");
    away.delete(owner);
    await fleet.until(() => fleet.snapshot(owner).hypervisorProblem, undefined);
    expect(await fleet.runningOn("web1")).toEqual([owner]);
    const stops = fleet
      .agent(owner)
      .events()
      .filter(({ code }) => ["GUEST_STOPPED", "GUEST_DESTROYED"].includes(code));
    expect(stops).toEqual([]);
  });
});

describe("two hosts and a witness", () => {
  test("fail over, and the witness runs no guest", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")], witnesses: ["h3"] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    expect(fleet.snapshot("h3").claims.voter?.active).toBe(true);
    await fleet.cutPower(owner);
    const next = (await fleet.settled(["web1"])).get("web1");
    expect(next).toBe(owner === "h1" ? "h2" : "h1");
  });
});

describe("a silent dead-man", () => {
  test("is told as degraded, and no guest is started until it is heard again", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1", { host: "h1" })] });
    await fleet.settled(["web1"]);
    const { deadMan } = fleet.host("h1");
    deadMan.stop();
    await fleet.until(() => fleet.snapshot("h1").deadMan.sign, "silent");
    expect(fleet.snapshot("h1").degraded).toContain("the dead-man is silent: no guest is started or resumed");
    await fleet.perform("h1", { kind: "destroy-domain", domain: "web1" });
    await fleet.until(
      () =>
        fleet
          .agent("h1")
          .events()
          .some(({ code }) => code === "DEAD_MAN_SILENT"),
      true,
    );
    expect(await fleet.runningOn("web1")).toEqual([]);
    deadMan.start();
    await fleet.settled(["web1"]);
  });
});

describe("a dead-man that the agent keeps running", () => {
  const pids: number[] = [];
  afterEach(() => {
    for (const pid of pids) if (processAt(pid) !== undefined) process.kill(pid, "SIGKILL");
  });

  test("is started once, started again when it was killed, and lives on when the agent ends", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-dead-man-child-"));
    const child = new DeadManChild({
      ...defaultDeadManSettings,
      runDir: folder,
      stateDir: folder,
      uri: "embedded:///",
    });
    const pidNow = () => {
      const heartbeat = readTmpfsFile(deadManPaths(folder).heartbeat) as DeadManHeartbeat | undefined;
      if (heartbeat !== undefined && !pids.includes(heartbeat.pid)) pids.push(heartbeat.pid);
      return heartbeat?.pid;
    };
    try {
      child.start();
      await expect.poll(pidNow, { timeout: 30_000 }).toBeTypeOf("number");
      const first = pidNow() ?? 0;
      expect(readFileSync(`/proc/${first}/cmdline`, "latin1")).toContain("dead-man/main.ts");
      process.kill(first, "SIGKILL");
      await expect.poll(() => pidNow() !== first, { timeout: 30_000 }).toBe(true);
      child.stop();
      expect(processAt(pidNow() ?? 0)).toBeDefined();
    } finally {
      child.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
