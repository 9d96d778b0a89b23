/** A simulation as a user has it: commands in processes of their own, real agents, and the measure of what executed where. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readMark } from "../../src/simulation/simulation-folder.ts";

const launcher = fileURLToPath(new URL("../../bin/berth.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "berth-simulation-"));
const dir = join(folder, "fleet");
/** Every process of the simulation inherits it: that is how one that stays behind would be found. */
const mark = `BERTH_SIMULATION_TEST=${randomUUID()}`;
const env = { ...process.env, BERTH_SIMULATION_TEST: mark.split("=")[1] };
/** For what takes seconds on an idle machine. */
const patience = { timeout: 40_000, interval: 200 };

/** What `berth sim status -o json` says, as far as it is looked at here. */
interface Status {
  readonly hosts: readonly {
    readonly name: string;
    readonly powered: boolean;
    readonly agent: string;
    readonly lease_seconds: number | null;
    readonly hears: readonly string[] | null;
    readonly degraded: readonly string[] | null;
  }[];
  readonly guests: readonly { readonly name: string; readonly states: Readonly<Record<string, string>> }[];
  readonly cuts: readonly { readonly from: string; readonly to: string }[];
  readonly overlap_seconds: number;
  readonly compared_runs: number;
  readonly story: readonly { readonly who: string; readonly text: string; readonly at_seconds: number }[];
}

function sim(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [launcher, "sim", ...args, "--dir", dir], { encoding: "utf8", env });
}

/** What is now; in the same breath that no guest ever executed twice. */
function status(): Status {
  const now = statusWithOverlap();
  expect(now.overlap_seconds).toBe(0);
  return now;
}

function statusWithOverlap(): Status {
  const { stdout, stderr } = sim("status", "-o", "json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Status;
}

/** Pids of everything that this test started and that still runs. */
function survivors(): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
    } catch {
      return false;
    }
  });
}

/** Ends the simulations, whose guardians end the rest; and the guardians too where they do not. */
async function endSurvivors(): Promise<void> {
  kill(survivors().filter((pid) => commandOf(pid).includes("\0sim\0up\0")));
  await vi.waitFor(() => expect(survivors()).toEqual([]), { timeout: 10_000 }).catch(() => kill(survivors()));
}

function kill(pids: readonly string[]): void {
  for (const pid of pids) process.kill(Number(pid), "SIGKILL");
}

function commandOf(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, "latin1");
}

const on = (guest: Status["guests"][number], state: string) =>
  Object.entries(guest.states).flatMap(([host, found]) => (found === state ? [host] : []));
const runningHosts = (now: Status) => now.guests.map((guest) => on(guest, "running"));
const guestsOn = (now: Status, host: string, state = "running") =>
  now.guests.filter(({ states }) => states[host] === state).map(({ name }) => name);
const hostOf = (now: Status, name: string) => now.hosts.find((host) => host.name === name);

/** A host that runs something, with the other two. */
function chooseHost(now: Status): {
  readonly host: string;
  readonly others: readonly string[];
  readonly guests: readonly string[];
} {
  const names = now.hosts.map(({ name }) => name);
  const host = names.toSorted((left, right) => guestsOn(now, right).length - guestsOn(now, left).length)[0] ?? "";
  return { host, others: names.filter((name) => name !== host), guests: guestsOn(now, host) };
}

/** Waits until every guest executes on exactly one host, every host has a lease, and no paused copy is left. */
async function settled(): Promise<Status> {
  return await vi.waitFor(() => {
    const now = status();
    expect(runningHosts(now).map((hosts) => hosts.length)).toEqual([1, 1, 1]);
    expect(now.hosts.flatMap(({ name }) => guestsOn(now, name, "paused"))).toEqual([]);
    expect(now.hosts.filter(({ lease_seconds }) => (lease_seconds ?? 0) === 0)).toEqual([]);
    return now;
  }, patience);
}

/** The same guests, running on other hosts. */
async function movedFrom(host: string): Promise<Status> {
  return await vi.waitFor(() => {
    const now = status();
    expect(runningHosts(now).map((hosts) => hosts.filter((name) => name !== host).length)).toEqual([1, 1, 1]);
    return now;
  }, patience);
}

afterAll(async () => {
  await endSurvivors();
  rmSync(folder, { recursive: true, force: true });
});

describe("a simulated fleet", () => {
  beforeAll(() => {
    const { status: exit, stdout, stderr } = sim("up", "-n", "3", "--guests", "3", "--profile", "fast", "--detach");
    expect({ exit, stderr }).toMatchObject({ exit: 0 });
    expect(stdout).toMatch(/HOST +AGENT +DEAD-MAN +LEASE +HEARS +web1 +web2 +web3/);
  });
  afterAll(endSurvivors);

  it("refuses a host that it does not have, and a second simulation in its folder", () => {
    expect(sim("kill", "h33")).toMatchObject({ status: 4, stderr: expect.stringContaining("Did you mean h3?") });
    expect(sim("partition", "h1|h1,h2").status).toBe(64);
    expect(sim("thaw", "h9").status).toBe(4);
    expect(sim("up")).toMatchObject({ status: 1, stderr: expect.stringContaining("runs already") });
    expect(sim("start", "h1")).toMatchObject({ status: 1, stderr: expect.stringContaining("has power already") });
  });

  it("has the guests of a host that lost its power run elsewhere, and takes it back", async () => {
    const { host, guests } = chooseHost(await settled());
    expect(sim("kill", host)).toMatchObject({ status: 0, stdout: expect.stringContaining("lost its power") });
    const now = await movedFrom(host);
    expect(hostOf(now, host)).toMatchObject({ powered: false, agent: "off", lease_seconds: null });
    for (const guest of guests) expect(now.story.map(({ text }) => text)).toContain(`${guest} is gone with the power`);
    expect(sim("start", host).status).toBe(0);
    await settled();
  });

  it("pauses the guests of the smaller side of a partition, runs them on the other, and ends the copies after the heal", async () => {
    const { host, others, guests } = chooseHost(await settled());
    expect(sim("partition", `${host}|${others.join(",")}`).status).toBe(0);
    const now = await movedFrom(host);
    expect(now.cuts).toHaveLength(4);
    expect(guestsOn(now, host, "paused")).toEqual(guests);
    expect(hostOf(now, host)).toMatchObject({ lease_seconds: 0, hears: [] });
    expect(sim("heal").status).toBe(0);
    const after = await settled();
    for (const guest of after.guests.filter(({ name }) => guests.includes(name)))
      expect(on(guest, "off")).toContain(host);
    const told = after.story.map(({ who, text }) => `${who}: ${text}`);
    for (const guest of guests) expect(told).toContain(`${host}: ${guest} is off here`);
  });

  it("pauses every guest where no host hears another, and resumes each where it was", async () => {
    const before = await settled();
    expect(sim("partition", "h1|h2|h3").status).toBe(0);
    await vi.waitFor(
      () => expect(status().guests.map((guest) => on(guest, "paused").length)).toEqual([1, 1, 1]),
      patience,
    );
    expect(sim("heal").status).toBe(0);
    expect(runningHosts(await settled())).toEqual(runningHosts(before));
  });

  it("has the dead-man pause the guests of a frozen agent before they run elsewhere, and lets it go on", async () => {
    const { host, guests } = chooseHost(await settled());
    expect(sim("freeze", host).status).toBe(0);
    const now = await movedFrom(host);
    expect(hostOf(now, host)?.agent).toBe("frozen");
    expect(guestsOn(now, host, "paused")).toEqual(guests);
    expect(sim("thaw", host).status).toBe(0);
    await settled();
  });

  it("leaves guests where they are when one way of one link is cut", async () => {
    const before = await settled();
    expect(sim("cut", "h1", "h2", "--one-way")).toMatchObject({ status: 0, stdout: "cut h1 -x> h2\n" });
    await vi.waitFor(() => expect(hostOf(status(), "h2")?.hears).toEqual(["h3"]), patience);
    expect(sim("heal").status).toBe(0);
    await vi.waitFor(() => expect(hostOf(status(), "h2")?.hears?.toSorted()).toEqual(["h1", "h3"]), patience);
    expect(runningHosts(await settled())).toEqual(runningHosts(before));
  });

  it("measures how long guests execute twice where agent and dead-man are frozen and nothing resets the host", async () => {
    const { host, guests } = chooseHost(await settled());
    expect(hostOf(status(), host)?.degraded?.join()).toContain("no watchdog device");
    expect(sim("freeze", host, "--all")).toMatchObject({ status: 0, stderr: expect.stringContaining("watchdog") });
    await vi.waitFor(() => expect(sim("status").stdout).toContain("OVERLAP"), patience);
    expect(sim("thaw", host).status).toBe(0);
    const now = await vi.waitFor(() => {
      const found = statusWithOverlap();
      expect(found.guests.map((guest) => on(guest, "running").length)).toEqual([1, 1, 1]);
      return found;
    }, patience);
    expect(now.overlap_seconds).toBeGreaterThan(0);
    expect(guests).not.toEqual([]);
  });

  it("is shown in another terminal line by line, until it is ended, and leaves nothing behind", async () => {
    const memory = readMark(dir)?.runFolder ?? "";
    expect(existsSync(memory)).toBe(true);
    const watch = spawn(process.execPath, [launcher, "sim", "watch", "--dir", dir], { env });
    let shown = "";
    watch.stdout.on("data", (text) => {
      shown += text;
    });
    await vi.waitFor(() => expect(shown).toMatch(/\+ *[\d.]+s {2}h\d +web1 runs here now/), patience);
    // Looked at before the end, because nobody can be asked afterwards.
    expect(statusWithOverlap().compared_runs).toBeGreaterThan(8);
    const [[code]] = await Promise.all([once(watch, "exit"), Promise.resolve(sim("down"))]);
    expect(code).toBe(0);
    await vi.waitFor(() => expect(survivors()).toEqual([]), patience);
    expect(existsSync(memory)).toBe(false);
    expect(sim("status")).toMatchObject({ status: 3, stderr: expect.stringContaining("no simulation runs") });
  });
});

describe("a simulation with watchdog devices, that is killed in the end", () => {
  it("resets a host whose dead-man is frozen too, and takes every process and its folder in memory with it", async () => {
    const parent: ChildProcess = spawn(
      process.execPath,
      [launcher, "sim", "up", "-n", "3", "--guests", "3", "--watchdog", "--dir", dir],
      { env, stdio: "ignore" },
    );
    await vi.waitFor(() => expect(existsSync(readMark(dir)?.controlSocket ?? "")).toBe(true), patience);
    const { host, guests } = chooseHost(await settled());
    expect(hostOf(status(), host)?.degraded?.join()).not.toContain("watchdog");
    expect(sim("freeze", host, "--all").status).toBe(0);
    // On a quick machine the host is back before the others may take over, and its guests start there anew.
    const told = await vi.waitFor(() => {
      const now = status();
      const said = now.story.map(({ who, text }) => `${who}: ${text}`);
      expect(said).toContain(`${host}: the watchdog device resets the host`);
      expect(runningHosts(now).map((hosts) => hosts.length)).toEqual([1, 1, 1]);
      return said;
    }, patience);
    for (const guest of guests) expect(told).toContain(`${host}: ${guest} is gone with the power`);
    const memory = readMark(dir)?.runFolder ?? "";
    expect(survivors().length).toBeGreaterThanOrEqual(6);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(survivors()).toEqual([]), patience);
    await vi.waitFor(() => expect(existsSync(memory)).toBe(false), patience);
  });
});
