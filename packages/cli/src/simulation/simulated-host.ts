/** One simulated host: a folder that outlives a power cut, and an agent and a dead-man as processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { bootNetworks, cutPower } from "@berth/agent/adapters/embedded/power";
import { StateStore } from "@berth/agent/adapters/embedded/state-store";
import { launcher } from "../launcher.ts";
import type { Guardian } from "./guardian.ts";
import { SimulatedWatchdog } from "./simulated-watchdog.ts";
import type { HostPlaces } from "./simulation-plan.ts";

/** The two processes of a host. */
export type Role = "agent" | "dead-man";

/** What a process does: `off` without power, `ended` where it ended by itself and is about to be started again. */
export type ProcessState = "running" | "frozen" | "ended" | "off";

/** What a host is made of. */
export interface HostComponents {
  readonly guardian: Guardian;
  /** Told when a process ends that nobody ended. */
  readonly onUnexpectedEnd: (role: Role, how: string) => void;
  /** Told when the watchdog device was not fed in time: the host must be reset. */
  readonly onWatchdog: () => void;
}

/** A process that ended by itself is started again after this long. @default 1 s, as the systemd units do */
const restartMs = 1_000;
/** An orderly end that takes longer is not waited for. */
const patienceMs = 3_000;

/** Power, processes, and nothing of what they do. */
export class SimulatedHost {
  readonly name: string;
  readonly places: HostPlaces;
  readonly #parts: HostComponents;
  readonly #processes = new Map<Role, ChildProcess>();
  readonly #frozen = new Set<Role>();
  readonly #ending = new WeakSet<ChildProcess>();
  readonly #hypervisor: StateStore;
  readonly #watchdogMs: number;
  #watchdog: SimulatedWatchdog | undefined;
  #powered = false;

  /** @param init `watchdogMs`: how long its watchdog device waits; 0: it has none */
  constructor(
    components: HostComponents,
    init: { readonly name: string; readonly places: HostPlaces; readonly watchdogMs: number },
  ) {
    this.#watchdogMs = init.watchdogMs;
    this.name = init.name;
    this.places = init.places;
    this.#parts = components;
    this.#hypervisor = new StateStore(init.places.stateFile);
  }

  get powered(): boolean {
    return this.#powered;
  }

  stateOf(role: Role): ProcessState {
    if (!this.#powered) return "off";
    if (!this.#processes.has(role)) return "ended";
    return this.#frozen.has(role) ? "frozen" : "running";
  }

  /** The embedded hypervisor's state, read from its file: what really is, whatever the agent says. */
  get hypervisor(): Pick<StateStore, "read"> {
    return this.#hypervisor;
  }

  /** Boots: networks that start with the host, then the dead-man, then the agent. */
  async powerOn(): Promise<void> {
    mkdirSync(this.places.runDir, { recursive: true, mode: 0o700 });
    await bootNetworks(this.#hypervisor);
    if (this.#watchdogMs > 0) {
      const init = { path: this.places.watchdog, timeoutMs: this.#watchdogMs };
      this.#watchdog = new SimulatedWatchdog({ ...init, onExpired: this.#parts.onWatchdog });
    }
    this.#powered = true;
    this.#start("dead-man");
    this.#start("agent");
  }

  /** What a pulled plug does: both processes, every guest, and everything in memory are gone at once. */
  async powerCut(): Promise<void> {
    this.#powered = false;
    this.#watchdog?.close();
    await Promise.all((["agent", "dead-man"] as const).map((role) => this.#kill(role)));
    await cutPower(this.#hypervisor);
    rmSync(this.places.runDir, { recursive: true, force: true });
  }

  /** Stops a process where it stands, as a debugger or a starved machine would. Returns whether it was running. */
  freeze(role: Role): boolean {
    const frozen = this.#signal(role, "SIGSTOP");
    if (frozen) this.#frozen.add(role);
    return frozen;
  }

  thaw(role: Role): boolean {
    this.#frozen.delete(role);
    return this.#signal(role, "SIGCONT");
  }

  /** kill -9 of one process; it is started again as its unit would do it. */
  async crash(role: Role): Promise<void> {
    this.#signal(role, "SIGKILL");
  }

  /** The orderly end of the simulation. */
  async stop(): Promise<void> {
    this.#powered = false;
    this.#watchdog?.close();
    for (const role of ["agent", "dead-man"] as const) {
      this.thaw(role);
      const child = this.#processes.get(role);
      if (child === undefined) continue;
      this.#ending.add(child);
      child.kill("SIGTERM");
      await Promise.race([once(child, "exit"), delay(patienceMs, undefined, { ref: false })]);
      await this.#kill(role);
    }
  }

  #start(role: Role): void {
    const log = openSync(role === "agent" ? this.places.agentLog : this.places.deadManLog, "a", 0o600);
    const child = spawn(launcher, [role, "--config", this.places.configFile], {
      // A session of its own: Ctrl-C in the terminal is for the simulation, which ends its hosts in order.
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    });
    closeSync(log);
    this.#processes.set(role, child);
    if (child.pid !== undefined) this.#parts.guardian.watchProcess(child.pid);
    child.on("error", (error) => this.#ended(role, child, error.message));
    child.on("exit", (code, signal) => this.#ended(role, child, signal ?? `exit code ${code}`));
  }

  #ended(role: Role, child: ChildProcess, how: string): void {
    if (this.#processes.get(role) !== child) return;
    this.#processes.delete(role);
    this.#frozen.delete(role);
    if (!this.#powered || this.#ending.has(child)) return;
    this.#parts.onUnexpectedEnd(role, how);
    setTimeout(() => {
      if (this.#powered && !this.#processes.has(role)) this.#start(role);
    }, restartMs).unref();
  }

  async #kill(role: Role): Promise<void> {
    const child = this.#processes.get(role);
    if (child === undefined) return;
    this.#ending.add(child);
    const gone = once(child, "exit");
    if (child.kill("SIGKILL")) await gone;
  }

  #signal(role: Role, signal: NodeJS.Signals): boolean {
    return this.#processes.get(role)?.kill(signal) === true;
  }
}
