import {
  type Act,
  type Deadline,
  type DurableRecord,
  eitherPassed,
  type Host,
  type HostEvent,
  type Ready,
  recordKey,
} from "@berth/claims";
import type { Scheduled } from "./event-queue.ts";
import type { HostPorts, ProcessHost } from "./host-ports.ts";
import type { Answer } from "./hypervisor.ts";

/**
 * One life of an agent: the protocol's machine and the loop around it, as the agent's own loop does it.
 *
 * An event goes in with one reading of the clocks; a batch comes out and is carried out strictly in order: persist and
 * wait for the disk, replace the dead-man's file, send, act. Batches wait for each other. A stopped process (SIGSTOP, or
 * the whole host frozen) handles nothing: messages wait in its sockets, answers of the disk wait in the kernel. A
 * crashed one is gone, with everything it had not handed to the kernel.
 */
const housekeepingMs = 500;
/** How late the dead-man's file is with the flaw `actsBeforeFeed`. */
const feedLateMs = 1000;
/** What a stopped process's sockets hold before the peers' connections break. */
const backlogMost = 5000;

/** One life of an agent on one machine. */
export class AgentProcess {
  readonly machine: ProcessHost;
  /** Guests of which this life has said that their process does not answer. */
  readonly stuck = new Set<string>();
  readonly #ports: HostPorts;
  readonly #core: Host;
  #alive = true;
  #stopped = false;
  #backlog: HostEvent[] = [];
  #batches: Ready[] = [];
  #carrying = false;
  #held: (() => void) | undefined;
  #wake: Scheduled | undefined;
  #observing = false;
  #observeAgain = false;
  #actEnded = false;
  #sinceObserved = 0;
  #hypervisorUp: boolean | undefined;
  #heartbeatSeen = -1;
  #onWake = (): void => {
    this.#wake = undefined;
    this.handle({ kind: "wake" });
  };
  #onHousekeeping = (): void => this.#housekeeping();
  #onObserved = (event: HostEvent): void => {
    this.#observing = false;
    // A list asked for before an act ended says nothing about that act: it is thrown away and asked for again.
    if (!this.#actEnded) this.handle(event);
    if (this.#observeAgain || this.#actEnded) this.observe();
  };

  constructor(machine: ProcessHost, ports: HostPorts) {
    this.machine = machine;
    this.#ports = ports;
    const seed = ports.random.bits();
    this.#core = ports.builds.host({
      host: machine.identity,
      fleet: ports.fleet,
      seed,
      hypervisor: machine.isHypervisor,
    });
  }

  get core(): Host {
    return this.#core;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Nothing is handled now: SIGSTOP, or the host is frozen. */
  get halted(): boolean {
    return this.#stopped || this.machine.frozen;
  }

  start(): void {
    const { machine } = this;
    const durable = [...machine.disk.records.values()] as DurableRecord[];
    const feed = machine.feed;
    const nonce = machine.drawNonce();
    const base = { kind: "start" as const, durable, bootId: machine.bootId, config: machine.configFile, nonce };
    this.handle(feed === undefined ? base : { ...base, feed });
    this.handle({ kind: "members", hosts: this.#ports.members() });
    this.handle({ kind: "policy", guests: machine.policy });
    this.#housekeeping();
    this.#ports.agentStarted(machine.node);
  }

  /** The process is gone. What it had given to the kernel still happens. */
  crash(): void {
    this.#alive = false;
    this.#ports.queue.cancel(this.#wake);
    this.#backlog = [];
    this.#batches = [];
    this.#held = undefined;
  }

  stop(): void {
    this.#stopped = true;
  }

  continue(): void {
    this.#stopped = false;
    this.unhalt();
  }

  /** After SIGCONT or a thaw: what waited is handled, in the order in which it came. */
  unhalt(): void {
    if (!this.#alive || this.halted) return;
    const held = this.#held;
    this.#held = undefined;
    held?.();
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const event of backlog) this.handle(event);
    this.handle({ kind: "wake" });
    this.observe();
  }

  handle(event: HostEvent): void {
    if (!this.#alive) return;
    if (this.halted) {
      if (event.kind !== "wake" && this.#backlog.length < backlogMost) this.#backlog.push(event);
      return;
    }
    let ready: Ready;
    try {
      this.#core.step(event, this.machine.now());
      ready = this.#core.takeReady();
    } catch (error) {
      this.#ports.coreThrew(this.machine.name, error);
      return;
    }
    this.#take(ready);
  }

  /** Something changed at the hypervisor, or time has passed: look at the whole list. */
  observe(): void {
    if (!this.#alive || !this.machine.isHypervisor) return;
    if (this.#observing) {
      this.#observeAgain = true;
      return;
    }
    this.#observeAgain = false;
    this.#sinceObserved = 0;
    this.#tellCapacity();
    if (!this.machine.hypervisor.libvirtdUp) return;
    this.#observing = true;
    this.#actEnded = false;
    // The list is as it was somewhere between question and answer: events in between make it stale.
    const { random, adversarial, steady, queue } = this.#ports;
    const delay = steady ? 2 : adversarial && random.chance(0.1) ? random.between(20, 200) : random.between(1, 5);
    queue.after(delay * this.machine.hypervisor.slowness, this.#onObserved, this.machine.observation());
  }

  #take(ready: Ready): void {
    this.#scheduleWake(ready.nextWakeMs);
    for (const { code, guest } of ready.notes) if (code === "GUEST_STUCK" && guest !== undefined) this.stuck.add(guest);
    if (ready.notes.length > 0 && this.#ports.verbose) {
      for (const note of ready.notes) {
        const mark = note.level === "alarm" ? "ALARM " : "";
        this.#ports.say(this.machine.name, `${mark}${note.text}`);
      }
    }
    if (ready.persist.length === 0 && ready.feed === undefined && ready.send.length === 0 && ready.act.length === 0)
      return;
    if (this.#carrying) this.#batches.push(ready);
    else this.#carryOut(ready);
  }

  #carryOut(ready: Ready): void {
    if (ready.persist.length === 0) {
      this.#afterPersist(ready);
      return;
    }
    const { sendsBeforePersist } = this.#ports.flaws;
    if (sendsBeforePersist === true) this.#afterPersist(ready);
    this.#carrying = true;
    const writes = ready.persist.map((record) => ({
      key: recordKey(record),
      value: record.value === null ? undefined : record,
    }));
    this.machine.disk.write(writes, () => this.#synced(ready));
  }

  #synced(ready: Ready): void {
    if (!this.#alive) return;
    if (this.halted) {
      this.#held = () => this.#synced(ready);
      return;
    }
    this.#carrying = false;
    if (this.#ports.flaws.sendsBeforePersist !== true) this.#afterPersist(ready);
    while (!this.#carrying) {
      const next = this.#batches.shift();
      if (next === undefined) return;
      this.#carryOut(next);
    }
  }

  #afterPersist(ready: Ready): void {
    const { feed } = ready;
    if (this.#ports.flaws.actsBeforeFeed !== true || ready.act.length === 0) this.#writeFeed(feed);
    else this.#ports.queue.after(feedLateMs, () => this.#writeFeed(feed), undefined);
    for (const { to, message } of ready.send) this.#ports.send(this.machine.node, to, message);
    for (const act of ready.act) this.#act(act);
  }

  #writeFeed(feed: Ready["feed"]): void {
    if (feed !== undefined && this.#alive && !this.halted) this.machine.feed = feed;
  }

  #act(act: Act): void {
    const { hypervisor } = this.machine;
    const answered = (answer: Answer): void => {
      this.#actEnded = true;
      this.handle({ kind: "act-done", act, outcome: answer });
      this.observe();
    };
    if (this.#ports.verbose && act.kind !== "clear-autostart") {
      this.#ports.say(this.machine.name, `${actWords[act.kind]} ${act.guest}: ${act.why}`);
    }
    switch (act.kind) {
      case "start-paused":
        hypervisor.call("start", act.guest, false, answered);
        return;
      case "resume":
        if (this.#tooLate(act.notAfter)) this.#ports.queue.after(0, answered, "failed" as const);
        else hypervisor.call("resume", act.guest, false, answered);
        return;
      case "suspend":
      case "destroy":
        if (act.kind === "destroy") this.machine.destroyOrdered.add(act.guest);
        hypervisor.call(act.kind, act.guest, false, answered);
        return;
      case "shutdown":
        hypervisor.shutdown(act.guest);
        this.#ports.queue.after(1, answered, "done" as const);
        return;
      case "clear-autostart":
        this.machine.autostart.delete(act.guest);
        this.#ports.queue.after(1, answered, "done" as const);
        return;
    }
  }

  #tooLate(notAfter: Deadline): boolean {
    return this.#ports.flaws.ignoresNotAfter !== true && eitherPassed(notAfter, this.machine.now());
  }

  #scheduleWake(nextWakeMs: number | undefined): void {
    if (nextWakeMs === undefined) return;
    // A timer takes a millisecond at least, also when it is overdue.
    const at = Math.max(this.machine.trueMsAtBoot(nextWakeMs), this.#ports.queue.nowMs + 1);
    if (this.#wake?.live === true) {
      if (this.#wake.at <= at) return;
      this.#ports.queue.cancel(this.#wake);
    }
    this.#wake = this.#ports.queue.at(at, this.#onWake, undefined);
  }

  #housekeeping(): void {
    if (!this.#alive) return;
    this.#ports.queue.after(housekeepingMs, this.#onHousekeeping, undefined);
    if (this.halted) return;
    const { machine } = this;
    if (machine.heartbeat !== this.#heartbeatSeen) {
      this.#heartbeatSeen = machine.heartbeat;
      this.handle({ kind: "dead-man-alive", watchdog: machine.watchdogMs > 0 });
    }
    this.#sinceObserved += 1;
    if (this.#sinceObserved >= 2) this.observe();
  }

  #tellCapacity(): void {
    const up = this.machine.hypervisor.libvirtdUp;
    if (this.#hypervisorUp === up) return;
    this.#hypervisorUp = up;
    this.handle({ kind: "capacity", weight: 1, memoryFreeKib: this.machine.memoryKib, hypervisorUp: up });
  }
}

const actWords: Readonly<Record<Act["kind"], string>> = {
  "start-paused": "starts (paused)",
  resume: "resumes",
  suspend: "suspends",
  shutdown: "asks to stop",
  destroy: "destroys",
  "clear-autostart": "clears autostart of",
};
