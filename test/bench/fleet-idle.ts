/**
 * What an agent costs while nothing happens: memory and processor time with many peers and many guests. Real agents over
 * loopback, each a process of its own; hypervisors in the process, and heartbeats without a dead-man behind them, because
 * neither is what is measured.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { agentClient } from "@berth/agent/api/client";
import { makeFleet } from "@berth/agent/fleet/make-fleet";
import { profiles } from "@berth/claims";
import { DeadManDouble } from "../../packages/agent/test/daemon/dead-man-double.ts";
import { fleetPolicy } from "../../packages/agent/test/fleet-policy.ts";
import { middle } from "./fleet-figures.ts";

/** Guests promised in one step of {@link IdleFleet.promiseInSteps}. */
const guestsAtOnce = 100;

const launcher = fileURLToPath(new URL("../../packages/cli/bin/berth.js", import.meta.url));

/** One size of fleet. */
export interface IdleCase {
  /** Hosts beside the one that is looked at. */
  readonly peers: number;
  /** Of the whole fleet. */
  readonly guests: number;
}

/** What one agent costs; medians over the agents, and the dearest one. */
export interface IdleCost extends IdleCase {
  readonly memoryMib: number;
  readonly memoryMaxMib: number;
  /** Share of one core, 0.02 for 2 %. */
  readonly core: number;
  readonly coreMax: number;
  /** From the first promise of a guest until every guest runs. */
  readonly settledSeconds: number;
}

/** Starts the fleet, waits until every guest runs and nothing moves, and looks at all agents for `windowSeconds`. */
export async function measureIdle(one: IdleCase, windowSeconds: number): Promise<IdleCost> {
  await using fleet = await IdleFleet.start(one.peers);
  const began = performance.now();
  await fleet.promiseInSteps(one.guests);
  const settledSeconds = (performance.now() - began) / 1000;
  await fleet.untilQuiet();
  const before = fleet.agents.map(({ pid }) => cpuSeconds(pid ?? 0));
  const fromMs = performance.now();
  while (performance.now() - fromMs < windowSeconds * 1000) await delay(250);
  const seconds = (performance.now() - fromMs) / 1000;
  const cores = fleet.agents.map(({ pid }, index) => (cpuSeconds(pid ?? 0) - (before[index] ?? 0)) / seconds);
  const memories = fleet.agents.map(({ pid }) => memoryMib(pid ?? 0));
  return {
    ...one,
    memoryMib: middle(memories),
    memoryMaxMib: Math.max(...memories),
    core: middle(cores),
    coreMax: Math.max(...cores),
    settledSeconds,
  };
}

class IdleFleet {
  readonly agents: ChildProcess[] = [];
  readonly #folder: string;
  readonly #runFolder: string;
  readonly #policy: string;
  readonly #sockets: string[] = [];
  readonly #deadMen: DeadManDouble[] = [];

  private constructor(folder: string, runFolder: string) {
    this.#folder = folder;
    this.#runFolder = runFolder;
    this.#policy = join(folder, "promises.cf");
  }

  static async start(peers: number): Promise<IdleFleet> {
    const folder = mkdtempSync(join(tmpdir(), "berth-bench-idle-"));
    // As on a host, the dead-man's files are memory; a disk would be written to twice a second.
    const runFolder = mkdtempSync("/dev/shm/berth-bench-idle-");
    const fleet = new IdleFleet(folder, runFolder);
    const hosts = Array.from({ length: peers + 1 }, (_, index) => {
      const host = `h${index + 1}`;
      return { host, stateDir: join(folder, host), listen: [`/ip4/127.9.0.${index + 1}/tcp/7946`] };
    });
    for (const { stateDir } of hosts) mkdirSync(stateDir);
    await makeFleet(hosts, { fleet: "idle", profile: profiles.lan });
    fleet.#promise(0);
    // One after the other would take minutes, all at once half of that and every deadline of theirs.
    for (const [index, { stateDir }] of hosts.entries()) {
      fleet.#boot(stateDir);
      if (index % 3 === 2) await fleet.#answers(fleet.#sockets.at(-1) ?? "");
    }
    await fleet.#answers(fleet.#sockets.at(-1) ?? "");
    return fleet;
  }

  /**
   * Promises the guests some at a time. All agents share the cores of this one machine, each of which has its own in a real
   * fleet: what starting a thousand guests at once costs them together is not what is measured here.
   */
  async promiseInSteps(guests: number): Promise<void> {
    for (let promised = 0; promised < guests; ) {
      promised = Math.min(guests, promised + guestsAtOnce);
      this.#promise(promised);
      await this.#untilAllRun(promised, 120_000);
    }
  }

  /** In one move, because the agents watch the file. */
  #promise(guests: number): void {
    const draft = `${this.#policy}.new`;
    writeFileSync(draft, fleetPolicy(Array.from({ length: guests }, (_, index) => guestLine(index))), { mode: 0o600 });
    renameSync(draft, this.#policy);
  }

  #boot(stateDir: string): void {
    const runDir = join(this.#runFolder, basename(stateDir));
    mkdirSync(runDir);
    const deadMan = new DeadManDouble(runDir);
    deadMan.start();
    this.#deadMen.push(deadMan);
    const file = join(stateDir, "config.yaml");
    const config = { embedded: true, state_dir: stateDir, run_dir: runDir, policy: this.#policy, http_listen: "" };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    const log = openSync(join(stateDir, "log"), "a");
    // It ends with the bench, however that ends.
    const command = ["--pdeathsig", "KILL", launcher, "agent", "--config", file];
    this.agents.push(spawn("setpriv", command, { stdio: ["ignore", log, log] }));
    closeSync(log);
    this.#sockets.push(join(runDir, "agent.sock"));
  }

  async #answers(socketPath: string): Promise<void> {
    await this.#until("an agent answers", 60_000, () => this.#runningOn(socketPath).then((count) => count >= 0));
  }

  async #untilAllRun(guests: number, withinMs: number): Promise<void> {
    let counts: number[] = [];
    const allRun = async () => {
      counts = [];
      for (const socketPath of this.#sockets) counts.push(await this.#runningOn(socketPath));
      return counts.reduce((sum, count) => sum + Math.max(0, count), 0) === guests;
    };
    // Asking costs the agents something, too, with that many guests.
    await this.#until(`${guests} guests run`, withinMs, allRun, () => counts.join(" "), 2_000);
  }

  /** Quiet is when the dearest agent's last five seconds were not a third dearer than the five before. */
  async untilQuiet(): Promise<void> {
    let last = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 12; round += 1) {
      const before = this.agents.map(({ pid }) => cpuSeconds(pid ?? 0));
      await delay(5_000);
      const spent = Math.max(...this.agents.map(({ pid }, index) => cpuSeconds(pid ?? 0) - (before[index] ?? 0)));
      if (spent > last * 0.67 && spent < last * 1.5) return;
      last = spent;
    }
  }

  /** Guests that execute on the host of this socket; -1 while its agent does not answer. */
  async #runningOn(socketPath: string): Promise<number> {
    const status = await agentClient({ socketPath, deadlineMs: 10_000 })
      .status()
      .catch(() => undefined);
    return status === undefined ? -1 : (status.items[0]?.guests.by_phase.running ?? 0);
  }

  #lastWords(number: number): string {
    return readFileSync(join(this.#folder, `h${number}`, "log"), "utf8")
      .trim()
      .split("\n")
      .slice(-3)
      .join("\n");
  }

  async #until(
    what: string,
    withinMs: number,
    holds: () => Promise<boolean>,
    describe: () => string = () => "",
    everyMs = 500,
  ): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (!(await holds())) {
      const dead = this.agents.findIndex(({ exitCode }) => exitCode !== null);
      if (dead !== -1) throw new Error(`agent ${dead + 1} ended: ${this.#lastWords(dead + 1)}`);
      if (performance.now() > endMs) throw new Error(`not within ${withinMs / 1000} s: ${what}: ${describe()}`);
      await delay(everyMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const deadMan of this.#deadMen) deadMan.stop();
    await Promise.all(
      this.agents.map(async (agent) => {
        if (agent.exitCode !== null || agent.signalCode !== null) return;
        const gone = new Promise((resolve) => agent.once("exit", resolve));
        agent.kill("SIGKILL");
        await gone;
      }),
    );
    for (const made of [this.#folder, this.#runFolder]) rmSync(made, { recursive: true, force: true });
  }
}

/** The promise of a guest with this number. */
export function guestLine(index: number) {
  const name = `guest-${index}`;
  const uuid = `be570000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
  const xml = `<domain type='kvm'><name>${name}</name><uuid>${uuid}</uuid><memory unit='KiB'>65536</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os></domain>`;
  return { name, type: "kvm", state: "running", resources: { env_spec: xml } };
}

/** User and system time so far. */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Hundredths of a second: utime and stime are the 14th and 15th field, proc(5).
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What is in memory of the process, its share of files that others map too included. */
function memoryMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
