/** A private host with real QEMU guests, and dead-men that run in it as processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, type DeadManFeed, type FeedGuest, type Now, type ProcessIdentity } from "@berth/claims";
import { type Connection, connect } from "node-libvirt";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { readBootId } from "../src/clock/boot-id.ts";
import { openHostClock } from "../src/clock/host-clock.ts";
import { deadManPaths, openDeadManLink } from "../src/dead-man/file-link.ts";
import { readTmpfsFile } from "../src/dead-man/tmpfs-file.ts";
import type { DeadManHeartbeat, DeadManLink } from "../src/ports/dead-man-link.ts";
import type { HostClock } from "../src/ports/host-clock.ts";

const main = fileURLToPath(new URL("../src/dead-man/main.ts", import.meta.url));
const feeder = fileURLToPath(new URL("./dead-man-feeder.ts", import.meta.url));

/** Kept between runs, as a unit would: it halves the time that a dead-man takes to start. */
const compileCache = join(tmpdir(), "berth-compile-cache");

/** One event of a guest's life, by the clock of the machine. */
export interface SeenEvent {
  readonly guest: string;
  readonly event: string;
  readonly at: Now;
}

/** Times of a feed that leave a loaded machine room: nothing is killed that could have been paused. */
export const patient = { killMs: 5_000, stopMs: 10_000, pollMs: 50 };

/** The private host of one test file. */
export class DeadManHost {
  readonly libvirtd: PrivateLibvirtd;
  readonly clock: HostClock;
  readonly bootId = readBootId();
  readonly connection: Connection;
  readonly seen: SeenEvent[] = [];
  #runs = 0;

  constructor(parts: { libvirtd: PrivateLibvirtd; clock: HostClock; connection: Connection }) {
    this.libvirtd = parts.libvirtd;
    this.clock = parts.clock;
    this.connection = parts.connection;
  }

  static async start(): Promise<DeadManHost> {
    const libvirtd = await startLibvirtd({ hostname: "dead-man-host" });
    const connection = await connect(libvirtd.qemuUri(), { keepAlive: false });
    const host = new DeadManHost({ libvirtd, clock: await openHostClock(), connection });
    await connection.domains.onLifecycle(({ domain, event }) => {
      host.seen.push({ guest: domain.name, event, at: host.clock.now() });
    });
    return host;
  }

  /** Starts tiny guests. */
  async guests(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.connection.domains.createXml(tinyGuestXml({ name }))));
  }

  async stateOf(name: string): Promise<string> {
    const { domains } = this.connection;
    const [found] = (await domains.allStats({ state: true }, { active: true })).filter((s) => s.domain.name === name);
    return found?.state?.state ?? "off";
  }

  /** Pid and start time of a guest's QEMU, as seen in the private host. */
  processOf(name: string): ProcessIdentity {
    return this.identity(Number(readFileSync(this.libvirtd.outsidePath(`/run/libvirt/qemu/${name}.pid`), "utf8")));
  }

  identity(pid: number): ProcessIdentity {
    const stat = readFileSync(this.libvirtd.outsidePath(`/proc/${pid}/stat`), "utf8");
    return { pid, startTicks: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) };
  }

  isRunning(process: ProcessIdentity): boolean {
    const stat = this.libvirtd.outsidePath(`/proc/${process.pid}/stat`);
    try {
      return (
        this.identity(process.pid).startTicks === process.startTicks && !/\) [ZX] /.test(readFileSync(stat, "utf8"))
      );
    } catch {
      return false;
    }
  }

  /** A run directory in the private host's tmpfs. Not the dead-man yet. */
  newRun(): DeadManRun {
    this.#runs += 1;
    return new DeadManRun(this, `/run/berth-${this.#runs}`);
  }

  async stop(): Promise<void> {
    await this.connection.close();
    await this.libvirtd.stop();
  }
}

/** One run directory with whatever runs on it. */
export class DeadManRun {
  readonly link: DeadManLink;
  readonly #host: DeadManHost;
  readonly #inside: string;
  #log = "";

  constructor(host: DeadManHost, inside: string) {
    this.#host = host;
    this.#inside = inside;
    this.link = openDeadManLink(this.outside, host.bootId);
  }

  get outside(): string {
    return this.#host.libvirtd.outsidePath(this.#inside);
  }

  /** What the dead-men of this run said. */
  get log(): string {
    return this.#log;
  }

  /** Puts the list of owned guests where the dead-man looks after a reboot. */
  ownedGuests(file: string): void {
    mkdirSync(this.outside, { recursive: true });
    writeFileSync(`${this.outside}/owned-guests`, file);
  }

  feed(leaseMs: number, guests: readonly FeedGuest[], times: Partial<DeadManFeed> = {}): Now {
    const deadline = after(this.#host.clock.now(), leaseMs);
    this.link.writeFeed({ bootId: this.#host.bootId, deadline, ...patient, guests, ...times });
    return deadline;
  }

  /** Starts a dead-man in the private host; ends with it at the latest. */
  startDeadMan(...options: readonly string[]): ChildProcess {
    return this.#spawn(process.execPath, main, ...this.#common(), ...options);
  }

  /** The same, with its standard error on a pipe that is full, to a `reader` that reads nothing. */
  startDeadManLoggingTo(reader: string): ChildProcess {
    const pipeBytes = 65_536;
    const script = `{ head -c ${pipeBytes} /dev/zero >&2; exec "$0" "$@"; } 2>&1 >/dev/null | ${reader}`;
    return this.#spawn("sh", "-c", script, process.execPath, main, ...this.#common());
  }

  #common(): readonly string[] {
    return ["--run-dir", this.#inside, "--state-dir", this.#inside];
  }

  #spawn(...command: readonly [string, ...string[]]): ChildProcess {
    const [file, ...args] = this.#host.libvirtd.inside(...command);
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"], env });
    child.stderr?.on("data", (chunk) => {
      this.#log += chunk;
    });
    return child;
  }

  startFeeder(leaseMs: number, guests: readonly FeedGuest[]): ChildProcess {
    return spawn(process.execPath, [feeder, this.outside, String(leaseMs), JSON.stringify(guests)], {
      stdio: "ignore",
    });
  }

  get hasFeed(): boolean {
    return existsSync(deadManPaths(this.outside).feed);
  }

  heartbeat(): DeadManHeartbeat | undefined {
    return readTmpfsFile(deadManPaths(this.outside).heartbeat) as DeadManHeartbeat | undefined;
  }

  /** Sends a signal to the dead-man, by the pid that it tells. */
  async signal(name: "KILL" | "TERM" | "STOP" | "CONT"): Promise<void> {
    const pid = this.heartbeat()?.pid;
    if (pid !== undefined) await this.#host.libvirtd.run("sh", "-c", `kill -${name} ${pid}`).catch(() => {});
  }
}

/** A guest as the feed lists it. */
export function listed(guest: string, more: Partial<FeedGuest> = {}): FeedGuest {
  return { guest, uuid: "", resumeInFlight: false, onIsolated: { kind: "pause" }, ...more };
}
