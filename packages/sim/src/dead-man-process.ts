import type { DeadManAct, DeadManEvent, DeadManObservation, DeadManReady } from "@berth/claims";
import type { DeadManCore } from "./builds.ts";
import type { Scheduled } from "./event-queue.ts";
import type { HostPorts, ProcessHost } from "./host-ports.ts";
import type { Answer } from "./hypervisor.ts";

/**
 * The dead-man's process: it polls one tmpfs file and, at the deadline, suspends and kills.
 *
 * It lives on when the agent is stopped or gone. A poll that comes long before the deadline does nothing but beat the
 * heart, so the simulator leaves most of those out (`idlePollMs`) and asks at the machine's own times near the deadline.
 */
const idlePollMs = 500;
/** How long the dead-man waits for libvirt to say in which state a guest is. */
const stateDeadlineMs = 100;

/** The dead-man of one machine, from one boot to the next. */
export class DeadManProcess {
  readonly #machine: ProcessHost;
  readonly #ports: HostPorts;
  readonly #core: DeadManCore;
  #alive = true;
  #stopped = false;
  #timer: Scheduled | undefined;
  #onPoll = (): void => this.#poll();
  #onObserved = (): void => this.#step({ kind: "observed", guests: this.#observation() });

  constructor(machine: ProcessHost, ports: HostPorts) {
    this.#machine = machine;
    this.#ports = ports;
    this.#core = ports.builds.deadMan();
  }

  start(): void {
    const { feed, bootId, disk } = this.#machine;
    const owned = "owned/";
    const guests = [...disk.records.keys()]
      .filter((key) => key.startsWith(owned))
      .map((key) => key.slice(owned.length));
    const base = { kind: "start" as const, bootId, guests };
    this.#step(feed === undefined ? base : { ...base, feed });
    this.#poll();
  }

  crash(): void {
    this.#alive = false;
    this.#ports.queue.cancel(this.#timer);
  }

  stop(): void {
    this.#stopped = true;
  }

  continue(): void {
    this.#stopped = false;
    this.unhalt();
  }

  /** After SIGCONT or a thaw: its timer is overdue, within one poll it looks. */
  unhalt(): void {
    if (!this.#alive || this.#halted) return;
    const { queue, random, adversarial } = this.#ports;
    queue.cancel(this.#timer);
    const pollMs = this.#machine.configFile.profile.pollMs;
    this.#timer = queue.after(adversarial ? pollMs : random.between(0, pollMs), this.#onPoll, undefined);
  }

  get #halted(): boolean {
    return this.#stopped || this.#machine.frozen;
  }

  #poll(): void {
    this.#ports.queue.cancel(this.#timer);
    const { feed } = this.#machine;
    this.#step(feed === undefined ? { kind: "poll" } : { kind: "poll", feed });
  }

  #step(event: DeadManEvent): void {
    if (!this.#alive || this.#halted) return;
    let ready: DeadManReady;
    try {
      this.#core.step(event, this.#machine.now());
      ready = this.#core.takeReady();
    } catch (error) {
      this.#ports.coreThrew(this.#machine.name, error);
      return;
    }
    if (this.#ports.verbose)
      for (const { text } of ready.notes) this.#ports.say(this.#machine.name, `dead-man: ${text}`);
    if (ready.feedWatchdog) this.#machine.feedWatchdog();
    for (const act of ready.act) this.#act(act);
    this.#schedule(ready.nextWakeMs);
  }

  #schedule(nextWakeMs: number): void {
    const { queue } = this.#ports;
    queue.cancel(this.#timer);
    const machine = this.#machine;
    const next = machine.trueMsAtBoot(nextWakeMs);
    const deadline = machine.feed?.deadline;
    const quietUntil = deadline === undefined ? 0 : machine.trueMsAtBoot(deadline.bootMs) - idlePollMs;
    const idle = queue.nowMs + idlePollMs;
    this.#timer = queue.at(idle < quietUntil ? Math.max(next, idle) : next, this.#onPoll, undefined);
  }

  #act(act: DeadManAct): void {
    const { hypervisor } = this.#machine;
    const answered = (answer: Answer): void => this.#step({ kind: "act-done", act, outcome: answer });
    switch (act.kind) {
      case "observe": {
        const slow = hypervisor.slowness * 2;
        this.#ports.queue.after(Math.min(slow, stateDeadlineMs), this.#onObserved, undefined);
        return;
      }
      case "suspend":
        hypervisor.call("suspend", act.guest, false, answered);
        return;
      case "kill": {
        const process = hypervisor.processes.get(act.guest);
        const known = act.process;
        if (
          process === undefined ||
          (known !== undefined && (known.pid !== process.pid || known.startTicks !== process.startTicks))
        ) {
          this.#ports.queue.after(1, answered, "failed" as const);
          return;
        }
        if (this.#ports.verbose) this.#ports.say(this.#machine.name, `dead-man: kills ${act.guest}`);
        hypervisor.kill(process);
        this.#ports.queue.after(1, answered, "done" as const);
        return;
      }
    }
  }

  #observation(): DeadManObservation[] {
    const { hypervisor } = this.#machine;
    const blind = !hypervisor.libvirtdUp || hypervisor.slowness * 2 > stateDeadlineMs;
    return [...hypervisor.processes.values()].map((process) => ({
      guest: process.guest,
      state: blind || process.unkillable ? "unknown" : process.paused ? "paused" : "running",
      process: { pid: process.pid, startTicks: process.startTicks },
    }));
  }
}
