/** One state file, several processes: what each sees of the others, and what none of them can hold up. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { EmbeddedHypervisor } from "../src/adapters/embedded/embedded-hypervisor.ts";
import { readExecutions } from "../src/adapters/embedded/execution-journal.ts";
import { executionIntervals, executionOverlaps } from "../src/adapters/embedded/execution-overlap.ts";
import { bootNetworks, cutPower } from "../src/adapters/embedded/power.ts";
import { StateStore } from "../src/adapters/embedded/state-store.ts";
import { openGuestHand } from "../src/dead-man/open-guest-hand.ts";
import type { LifecycleEvent } from "../src/ports/hypervisor.ts";
import { stepOf } from "./contract-host.ts";
import { inWords } from "./domain-words.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-processes-"));
  path = join(folder, "embedded.json");
  writeFileSync(join(folder, "embedded-options.json"), JSON.stringify({ journal: true }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const xml = (name: string) =>
  `<domain type='kvm'><name>${name}</name><memory>32768</memory><os><type>hvm</type></os></domain>`;
const open = () => new EmbeddedHypervisor({ store: new StateStore(path) });
const openHand = () => openGuestHand({ uri: "embedded:///", stateDir: folder, places: {} });
const start = (domain: string, paused = false) => stepOf({ kind: "start-domain", domain, paused, discardSave: false });

async function runningGuest(name: string): Promise<EmbeddedHypervisor> {
  const hypervisor = open();
  await hypervisor.perform(stepOf({ kind: "define-domain", domain: name, xml: xml(name) }));
  await hypervisor.perform(start(name));
  return hypervisor;
}

async function stateOf(name: string): Promise<string> {
  return inWords((await open().observe()).domains.find((domain) => domain.name === name));
}

/** A process that takes the file's lock, says so, and is stopped with the lock in its hand. */
async function frozenLockHolder(): Promise<ChildProcess> {
  const lock = new URL("../src/state/file-lock.ts", import.meta.url).href;
  const script = `import { acquireFileLock } from ${JSON.stringify(lock)};
    await acquireFileLock(${JSON.stringify(`${path}.lock`)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(createInterface(child.stdout), "line");
  child.kill("SIGSTOP");
  return child;
}

describe("a state file that several processes share", () => {
  it("tells each of them what the others do to a guest, in order", async () => {
    const [mine, other] = [open(), await runningGuest("web")];
    const heard: LifecycleEvent[] = [];
    onTestFinished(await mine.onLifecycle((event) => void heard.push(event)));
    const changes = () => heard.map(({ change }) => change);
    const step = async (kind: "suspend-domain" | "resume-domain" | "destroy-domain" | "undefine-domain") => {
      const before = heard.length;
      await other.perform(stepOf({ kind, domain: "web" }));
      await expect.poll(() => heard.length).toBeGreaterThan(before);
    };
    await step("suspend-domain");
    await step("resume-domain");
    await step("destroy-domain");
    await step("undefine-domain");
    expect(changes()).toEqual(["suspended", "resumed", "stopped", "undefined"]);
    expect(heard[0]?.domain).toBe("web");
  });

  it("tells the own steps once", async () => {
    const mine = await runningGuest("web");
    const heard: string[] = [];
    onTestFinished(await mine.onLifecycle(({ change }) => void heard.push(change)));
    const other = open();
    await mine.perform(stepOf({ kind: "suspend-domain", domain: "web" }));
    await other.perform(stepOf({ kind: "resume-domain", domain: "web" }));
    await expect.poll(() => heard).toContain("resumed");
    expect(heard).toEqual(["suspended", "resumed"]);
  });

  it("takes as long for a start as the simulation asks, and leaves the guest off until then", async () => {
    writeFileSync(join(folder, "embedded-options.json"), JSON.stringify({ startMs: 300 }));
    const hypervisor = open();
    await hypervisor.perform(stepOf({ kind: "define-domain", domain: "slow", xml: xml("slow") }));
    const began = performance.now();
    const started = hypervisor.perform(start("slow"));
    expect(await stateOf("slow")).toBe("off");
    await started;
    expect(performance.now() - began).toBeGreaterThan(295);
    const aborted = hypervisor.perform(start("slow"), AbortSignal.timeout(1));
    await expect(aborted).resolves.toBeUndefined();
    expect(await stateOf("slow")).toBe("running");
  });
});

describe("the dead-man's hand on embedded guests", () => {
  it("suspends a guest, and says what is true of each", async () => {
    await runningGuest("web");
    const hand = openHand();
    const guests = ["web", "absent"].map((guest) => ({ guest, uuid: "" }));
    expect(await hand.look(guests)).toEqual([
      { guest: "web", state: "running" },
      { guest: "absent", state: "off" },
    ]);
    expect(await hand.suspend({ guest: "web", uuid: "" })).toBe("done");
    expect(await hand.look(guests)).toMatchObject([{ state: "paused" }, { state: "off" }]);
    expect(hand.up).toBe(true);
  });

  it("fails to suspend in time, and kills all the same, while a frozen process has the lock", async () => {
    const hypervisor = await runningGuest("web");
    const holder = await frozenLockHolder();
    const hand = openHand();
    const began = performance.now();
    expect(await hand.suspend({ guest: "web", uuid: "" })).toBe("failed");
    // Anybody else waits ten seconds for the lock.
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(hand.up).toBe(false);
    expect(hand.kill({ guest: "web", uuid: "" }, undefined)).toBe("done");
    expect(await hand.look([{ guest: "web", uuid: "" }])).toMatchObject([{ state: "off" }]);
    // What the frozen one meant to write no longer wakes the run that was killed.
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await expect(hypervisor.perform(stepOf({ kind: "resume-domain", domain: "web" }))).rejects.toMatchObject({
      code: "OPERATION_INVALID",
    });
    await hypervisor.perform(start("web"));
    expect(await stateOf("web")).toBe("running");
  });
});

describe("a simulated power cut", () => {
  it("takes every guest and network, leaves every definition, and boots what starts with the host", async () => {
    const hypervisor = await runningGuest("web");
    const network = "net";
    await hypervisor.perform(stepOf({ kind: "define-network", network, xml: "<network><name>net</name></network>" }));
    await hypervisor.perform(stepOf({ kind: "start-network", network }));
    await hypervisor.perform(stepOf({ kind: "set-network-autostart", network, autostart: true }));
    const store = new StateStore(path);
    await cutPower(store);
    expect(await stateOf("web")).toBe("off");
    expect((await open().observe()).networks).toMatchObject([{ active: false, persistent: true }]);
    await bootNetworks(store);
    expect((await open().observe()).networks).toMatchObject([{ active: true }]);
    expect(await stateOf("web")).toBe("off");
  });
});

describe("the journal of executions", () => {
  it("has every interval in which a guest executed, whoever began and ended it", async () => {
    const hypervisor = await runningGuest("web");
    const hand = openHand();
    await hand.suspend({ guest: "web", uuid: "" });
    await hypervisor.perform(stepOf({ kind: "resume-domain", domain: "web" }));
    hand.kill({ guest: "web", uuid: "" }, undefined);
    await hypervisor.perform(start("web"));
    await cutPower(new StateStore(path));
    const { entries, nextByte } = readExecutions(path);
    expect(entries.map(({ change }) => change)).toEqual([
      "executes",
      "suspended",
      "executes",
      "killed",
      "executes",
      "stopped",
    ]);
    expect(readExecutions(path, nextByte)).toEqual({ entries: [], nextByte });
    const intervals = executionIntervals("h1", entries);
    expect(intervals).toHaveLength(3);
    expect(executionOverlaps(intervals, Number.MAX_VALUE)).toEqual([]);
  });

  it("counts a guest that executes on two hosts, for as long as it does", () => {
    const entry = (ms: number, change: "executes" | "suspended" | "killed", run = "r") => ({
      ...{ ms, guest: "web", run, change },
    });
    const left = executionIntervals("h1", [entry(0, "executes"), entry(100, "suspended")]);
    const right = executionIntervals("h2", [entry(90, "executes", "s")]);
    expect(executionOverlaps([...left, ...right], 500)).toEqual([
      { guest: "web", hosts: ["h1", "h2"], fromMs: 90, durationMs: 10 },
    ]);
    const touching = executionIntervals("h2", [entry(100, "executes", "s")]);
    expect(executionOverlaps([...left, ...touching], 500)).toEqual([]);
    const again = executionIntervals("h1", [entry(0, "executes"), entry(100, "suspended"), entry(400, "executes")]);
    expect(executionOverlaps([...again, ...touching], 500)).toMatchObject([{ fromMs: 400, durationMs: 100 }]);
  });

  it("does not believe in a resume of a run that was killed", () => {
    const of = (ms: number, change: "executes" | "killed") => ({ ms, guest: "web", run: "r", change });
    expect(executionIntervals("h1", [of(0, "executes"), of(5, "killed"), of(6, "executes")])).toEqual([
      { host: "h1", guest: "web", run: "r", fromMs: 0, toMs: 5 },
    ]);
  });
});
