/** A daemon inside a private host: its log in a file, its pid as the machine outside sees it, signals straight to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PrivateLibvirtd } from "../libvirtd.ts";

/** Kept between runs, as a unit would: it halves the time that an agent takes to start. */
const compileCache = join(tmpdir(), "berth-compile-cache");

/** One running daemon. */
export class HostProcess {
  readonly #entry: ChildProcess;
  readonly pid: number;
  readonly logFile: string;
  readonly ended: Promise<void>;
  /** Where its part of the log begins: earlier lives wrote before it. */
  readonly #logStart: number;

  private constructor(parts: {
    readonly entry: ChildProcess;
    readonly pid: number;
    readonly logFile: string;
    readonly ended: Promise<void>;
    readonly logStart: number;
  }) {
    this.#entry = parts.entry;
    this.pid = parts.pid;
    this.logFile = parts.logFile;
    this.ended = parts.ended;
    this.#logStart = parts.logStart;
  }

  /** Starts `command` inside the host; it ends with the host at the latest. */
  static async start(
    host: PrivateLibvirtd,
    logFile: string,
    command: readonly [string, ...string[]],
  ): Promise<HostProcess> {
    const [file, ...args] = host.inside(...command);
    const log = openSync(logFile, "a");
    const logStart = fstatSync(log).size;
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
    const entry = spawn(file, args, { stdio: ["ignore", log, log], env });
    closeSync(log);
    const ended = new Promise<void>((resolve) => {
      entry.once("exit", () => resolve());
    });
    return new HostProcess({ entry, pid: await childOf(entry), logFile, ended, logStart });
  }

  get running(): boolean {
    return this.#entry.exitCode === null && this.#entry.signalCode === null;
  }

  signal(name: "SIGKILL" | "SIGTERM" | "SIGHUP" | "SIGSTOP" | "SIGCONT"): void {
    if (!this.running) return;
    process.kill(this.pid, name);
    // nsenter stops itself when its child is stopped, and would never tell of its end.
    if (name === "SIGCONT" || name === "SIGKILL") this.#entry.kill("SIGCONT");
  }

  /**
   * The host goes down with everything in it. nsenter has to stay until it has taken note of its child's end: killed before
   * that it would leave the zombie to the machine's first process, which in a container may not reap, and the kernel would
   * wait for it before it lets go of the host. It may have stopped itself, and do so again at any moment.
   */
  forget(): void {
    const again = setInterval(() => this.#entry.kill("SIGCONT"), 20);
    void this.ended.then(() => clearInterval(again));
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }

  /** What it said in this life. */
  log(): string {
    return readFileSync(this.logFile).subarray(this.#logStart).toString("utf8");
  }
}

/** `nsenter` stays as the parent of what it started in the host's pid namespace; that child is the daemon. */
async function childOf(entry: ChildProcess): Promise<number> {
  const path = `/proc/${entry.pid}/task/${entry.pid}/children`;
  while (entry.exitCode === null && entry.signalCode === null) {
    const [child] = readOrEmpty(path).trim().split(" ");
    if (child !== undefined && child !== "") return Number(child);
    await delay(2);
  }
  throw new Error(`a process did not start inside the private host: status ${entry.exitCode}`);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
