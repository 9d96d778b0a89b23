/**
 * Bare hosts for the peers that the bench measures: namespaces of their own on one bridge, no libvirt. A host's power is cut
 * as everywhere in the tests: the cable first, so that nothing says farewell, then every process at once.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Fabric } from "../support/fleet/fabric.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./fleet-peer-host.sh", import.meta.url));

/** The file that a peer's own action makes on the host that takes over, inside that host. */
export const takenFile = "/run/bench/taken";

/** One bare host while it has power. */
export class PeerHost {
  readonly name: string;
  readonly number: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #rack: PeerRack;

  constructor(parts: { rack: PeerRack; name: string; number: number; pid: number; child: ChildProcess }) {
    this.#rack = parts.rack;
    this.name = parts.name;
    this.number = parts.number;
    this.pid = parts.pid;
    this.#child = parts.child;
  }

  get address(): string {
    return addressOf(this.number);
  }

  /** A path of the host as the machine outside reaches it. */
  outside(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  has(path: string): boolean {
    return existsSync(this.outside(path));
  }

  write(path: string, text: string, mode = 0o644): void {
    writeFileSync(this.outside(path), text, { mode });
  }

  remove(path: string): void {
    rmSync(this.outside(path), { force: true });
  }

  /** Runs a command inside and hands back what it printed. Rejects when its exit code is not 0. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run("nsenter", [...this.#entering, command, ...args], { encoding: "utf8" });
    return stdout;
  }

  /** Starts a daemon inside; what it says goes to a log in the rack's folder. It ends with the host. */
  start(command: string, ...args: readonly string[]): void {
    const log = openSync(join(this.#rack.folder, `${this.name}.log`), "a");
    spawn("nsenter", [...this.#entering, command, ...args], { stdio: ["ignore", log, log] }).on("error", () => {});
    closeSync(log);
  }

  /** @returns the moment at which the cable was out, by `performance.now()` */
  async cutPower(): Promise<number> {
    await this.#rack.fabric.disconnect(this.name);
    const atMs = performance.now();
    await this.end();
    return atMs;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    process.kill(this.pid, "SIGKILL");
    await gone;
  }

  get #entering(): readonly string[] {
    return ["-t", String(this.pid), "-m", "-u", "-i", "-n", "-p", "--"];
  }
}

/** Three hosts on one bridge. `await using` takes them down. */
export class PeerRack {
  readonly fabric: Fabric;
  readonly folder: string;
  readonly hosts: PeerHost[] = [];

  private constructor(fabric: Fabric, folder: string) {
    this.fabric = fabric;
    this.folder = folder;
  }

  /** @param folder where logs and data go */
  static async start(folder: string, count = 3): Promise<PeerRack> {
    const rack = new PeerRack(await Fabric.start(), folder);
    for (let number = 1; number <= count; number += 1) await rack.boot(number);
    return rack;
  }

  /** Gives the host of this number power, in place of the one that had none. */
  async boot(number: number): Promise<PeerHost> {
    const name = `p${number}`;
    const unshare = ["-m", "-n", "-u", "-i", "-p", "--fork", "--kill-child", "--propagation", "private"];
    const child = spawn("unshare", [...unshare, script, name], { stdio: ["pipe", "pipe", "pipe"] });
    const host = new PeerHost({ rack: this, name, number, pid: await readyPid(child), child });
    await this.fabric.connect(name, host.pid, addressOf(number), `02:00:0a:4f:00:0${number}`);
    this.hosts[number - 1] = host;
    return host;
  }

  /** Every host but one. */
  others(host: PeerHost): readonly PeerHost[] {
    return this.hosts.filter(({ name }) => name !== host.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.end()));
    await this.fabric.close();
  }
}

/** Address of the host with this number. */
export function addressOf(number: number): string {
  return `10.79.0.${number}`;
}

function readyPid(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let problem = "";
    child.stderr?.on("data", (chunk) => {
      problem += chunk;
    });
    child.stdout?.once("data", (chunk) => resolve(Number.parseInt(String(chunk), 10)));
    child.once("exit", (code) => reject(new Error(`a bare host ended with status ${code}: ${problem}`)));
  });
}

/** Asks until it holds. @throws Error after `withinMs`, with `what` */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 5,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await delay(everyMs);
  }
}

/** Cuts the power of `victim` and waits until another host has made {@link takenFile}. @returns milliseconds between the two */
export async function takeoverMs(rack: PeerRack, victim: PeerHost, meanwhile: () => void = () => {}): Promise<number> {
  const others = rack.others(victim);
  for (const host of others) host.remove(takenFile);
  const cutMs = await victim.cutPower();
  const isTaken = () => {
    meanwhile();
    return others.some((host) => host.has(takenFile));
  };
  await until(`another host takes over from ${victim.name}`, isTaken, 60_000);
  return performance.now() - cutMs;
}
