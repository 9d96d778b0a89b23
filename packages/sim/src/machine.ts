import type { Configuration, DeadManFeed, GuestObservation, Now, PromisedGuest } from "@berth/claims";
import { AgentProcess } from "./agent-process.ts";
import { DeadManProcess } from "./dead-man-process.ts";
import type { Disk } from "./disk.ts";
import type { Scheduled } from "./event-queue.ts";
import type { HostClock } from "./host-clock.ts";
import type { HostPorts, ProcessHost } from "./host-ports.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { Prng } from "./prng.ts";

/**
 * One physical machine: power, clocks, disk, tmpfs, hypervisor, and the two processes of Berth.
 *
 * Reasons why something is off are counted, and the machine is brought to what the counts say: two faults that overlap
 * end independently of each other.
 */
export interface MachineParts {
  readonly node: number;
  readonly name: string;
  readonly isHypervisor: boolean;
  readonly clock: HostClock;
  readonly disk: Disk;
  readonly hypervisor: Hypervisor;
  readonly random: Prng;
  readonly watchdogMs: number;
  readonly memoryKib: number;
  readonly uuidOf: (guest: string) => string;
}

/** Resolution of the boot-time clock (`os.uptime()`), in ms. */
const bootResolutionMs = 10;
/** What the boot-time clock shows when the first process of a boot can run. */
const bootedMs = 8000;

/** One physical machine. */
export class Machine implements ProcessHost {
  readonly node: number;
  readonly name: string;
  readonly isHypervisor: boolean;
  readonly clock: HostClock;
  readonly disk: Disk;
  readonly hypervisor: Hypervisor;
  readonly watchdogMs: number;
  readonly memoryKib: number;
  /** Guests that libvirt itself starts at boot. */
  readonly autostart = new Set<string>();
  /** Guests for which the agent of this boot ordered a destroy. */
  readonly destroyOrdered = new Set<string>();
  policy: readonly PromisedGuest[] = [];
  configFile: Configuration;
  /** The dead-man's file in tmpfs. */
  feed: DeadManFeed | undefined;
  /** Counts the dead-man's heartbeats. */
  heartbeat = 0;
  agent: AgentProcess | undefined;
  deadMan: DeadManProcess | undefined;
  /** The name that the agent goes by: the machine's own, unless its disk is a copy of another's. */
  identity: string;
  /** True time of the last {@link wipeDisk}; minus infinity when there was none. */
  wipedAtMs = Number.NEGATIVE_INFINITY;
  /** Guests begin to execute again because their host has just thawed. */
  waking = false;
  /** Part of the fleet from the beginning, or since it was added. */
  member = false;
  #offReasons = 0;
  #powered = true;
  #frozenReasons = 0;
  #agentDownReasons = 0;
  #restartAtThaw = false;
  #bootCount = 0;
  #lastFedMs = 0;
  #watchdogTimer: Scheduled | undefined;
  #ports: HostPorts;
  #random: Prng;
  #uuidOf: (guest: string) => string;
  #onWatchdog = (): void => this.#watchdogDue();

  constructor(parts: MachineParts, ports: HostPorts, configFile: Configuration) {
    this.node = parts.node;
    this.name = parts.name;
    this.identity = parts.name;
    this.isHypervisor = parts.isHypervisor;
    this.clock = parts.clock;
    this.disk = parts.disk;
    this.hypervisor = parts.hypervisor;
    this.watchdogMs = parts.watchdogMs;
    this.memoryKib = parts.memoryKib;
    this.#random = parts.random;
    this.#uuidOf = parts.uuidOf;
    this.#ports = ports;
    this.configFile = configFile;
  }

  get powered(): boolean {
    return this.#powered;
  }

  get frozen(): boolean {
    return this.#frozenReasons > 0;
  }

  get bootId(): string {
    return `${this.name}-boot-${this.#bootCount}`;
  }

  /** Whether an agent runs here and handles what comes. */
  get answering(): boolean {
    return this.agent?.alive === true && !this.agent.halted;
  }

  /** One reading of both clocks; boot time with the resolution that a program gets. */
  now(): Now {
    const trueMs = this.#ports.queue.nowMs;
    const boot = this.clock.bootMs(trueMs);
    return { bootMs: Math.floor(boot / bootResolutionMs) * bootResolutionMs, monoMs: this.clock.monotonicMs(trueMs) };
  }

  /** The first true time at which {@link now} shows at least this boot time. */
  trueMsAtBoot(bootMs: number): number {
    const visible = Math.ceil(bootMs / bootResolutionMs) * bootResolutionMs;
    return this.clock.trueMsAtBoot(visible) + 0.001;
  }

  drawNonce(): string {
    const part = (): string => this.#random.bits().toString(16).padStart(8, "0");
    return part() + part() + part() + part();
  }

  observation(): { readonly kind: "observed"; readonly guests: readonly GuestObservation[] } {
    const guests: GuestObservation[] = [];
    for (const process of this.hypervisor.processes.values()) {
      guests.push({
        guest: process.guest,
        uuid: this.#uuidOf(process.guest),
        state: process.paused ? "paused" : "running",
        process: { pid: process.pid, startTicks: process.startTicks },
        startedAtMs: process.startedAtMs,
        autostart: this.autostart.has(process.guest),
      });
    }
    return { kind: "observed", guests };
  }

  feedWatchdog(): void {
    this.heartbeat += 1;
    if (this.watchdogMs === 0) return;
    this.#lastFedMs = this.#ports.queue.nowMs;
    this.#watchdogTimer ??= this.#ports.queue.after(this.watchdogMs, this.#onWatchdog, undefined);
  }

  setPolicy(policy: readonly PromisedGuest[]): void {
    this.policy = policy;
    this.agent?.handle({ kind: "policy", guests: policy });
  }

  /** First boot, or the moment the machine joins. */
  join(): void {
    this.member = true;
    this.#ports.joined(this.node);
    this.#startDeadMan();
    this.#reconcileAgent();
  }

  /** An empty disk in place of the old one. */
  wipeDisk(): void {
    this.disk.wipe();
    this.wipedAtMs = this.#ports.queue.nowMs;
  }

  addOffReason(by: 1 | -1): void {
    this.#offReasons += by;
    if (this.#powered && this.#offReasons > 0) this.#powerOff();
    else if (!this.#powered && this.#offReasons === 0) this.#powerOn();
  }

  addFrozenReason(by: 1 | -1, blind = false): void {
    const before = this.frozen;
    this.#frozenReasons = Math.max(0, this.#frozenReasons + by);
    if (before === this.frozen) return;
    const { nowMs } = this.#ports.queue;
    if (this.frozen) {
      this.clock.freeze(nowMs);
      this.hypervisor.setFrozen(true);
      return;
    }
    this.clock.thaw(nowMs, blind);
    this.#lastFedMs = nowMs;
    this.waking = true;
    this.hypervisor.setFrozen(false);
    this.waking = false;
    this.deadMan?.unhalt();
    this.agent?.unhalt();
    this.#reconcileAgent();
    if (this.#restartAtThaw) this.restartAgent();
    this.#restartAtThaw = false;
  }

  addAgentDownReason(by: 1 | -1): void {
    this.#agentDownReasons += by;
    this.#reconcileAgent();
  }

  restartAgent(): void {
    if (this.frozen) {
      this.#restartAtThaw = true;
      return;
    }
    this.addAgentDownReason(1);
    this.addAgentDownReason(-1);
  }

  #reconcileAgent(): void {
    // A frozen host starts nothing; it looks again when it thaws.
    if (this.frozen) return;
    const wanted = this.member && this.#powered && this.#agentDownReasons === 0;
    if (wanted && this.agent === undefined) {
      this.agent = new AgentProcess(this, this.#ports);
      this.agent.start();
    } else if (!wanted && this.agent !== undefined) {
      this.agent.crash();
      this.agent = undefined;
    }
  }

  #startDeadMan(): void {
    if (!this.isHypervisor) return;
    this.deadMan = new DeadManProcess(this, this.#ports);
    this.deadMan.start();
  }

  #powerOff(): void {
    this.#powered = false;
    this.#frozenReasons = 0;
    this.#reconcileAgent();
    this.deadMan?.crash();
    this.deadMan = undefined;
    this.hypervisor.powerOff();
    this.disk.powerLoss();
    this.feed = undefined;
    this.destroyOrdered.clear();
  }

  #powerOn(): void {
    this.#powered = true;
    this.#bootCount += 1;
    this.clock.reboot(this.#ports.queue.nowMs, bootedMs);
    this.#lastFedMs = this.#ports.queue.nowMs;
    this.hypervisor.powerOn();
    this.#ports.say(this.name, "is up again");
    if (!this.member) return;
    this.#startDeadMan();
    for (const guest of this.autostart) this.hypervisor.call("start", guest, true, () => {});
    this.#reconcileAgent();
  }

  #watchdogDue(): void {
    this.#watchdogTimer = undefined;
    if (!this.#powered) return;
    const { queue } = this.#ports;
    const due = this.#lastFedMs + this.watchdogMs;
    if (this.frozen || due > queue.nowMs + 0.001) {
      this.#watchdogTimer = queue.at(Math.max(due, queue.nowMs + 10), this.#onWatchdog, undefined);
      return;
    }
    this.#ports.say(this.name, "the watchdog device was not fed and resets the host");
    this.#ports.resetHost(this.node);
  }
}
