import type { EventQueue, Scheduled } from "./event-queue.ts";
import type { Prng } from "./prng.ts";

/**
 * One host's libvirtd and the guest processes that outlive it.
 *
 * Calls about one guest wait for each other, as libvirt's per-domain job lock makes them: a suspend queues behind a
 * resume that hangs. SIGKILL goes past libvirtd. What a call does happens somewhere between its beginning and its
 * answer; a libvirtd that restarts fails every call it had, and whether the effect came about is a coin.
 *
 * Times are those measured on real hosts: start 400 ms, suspend and resume 3 ms, destroy 205 ms, kill 5 to 20 ms.
 */
export type Operation = "start" | "suspend" | "resume" | "destroy";

/** One hypervisor process. It executes when it is not paused and its host runs. */
export interface GuestProcess {
  readonly guest: string;
  /** Small numbers that begin again at every boot: a pid is reused, a pid with its start time is not. */
  readonly pid: number;
  readonly startTicks: number;
  /** True time; the simulated hosts' wall clocks are right. */
  readonly startedAtMs: number;
  paused: boolean;
  /** Its main loop is stuck in the kernel: no suspend, no resume, no SIGKILL. Only a host reset ends it. */
  unkillable: boolean;
  /** Somebody with virsh started or resumed it; cleared when the agent next starts, resumes or suspends it. */
  byHand: boolean;
  /** The resume under which it executes was ordered before its host slept, and landed when the host woke. */
  resumedAtWake: boolean;
  /** Somebody with virsh started this very process; never cleared. */
  readonly handMade: boolean;
}

/** What a libvirt call answers. `failed`: no such domain, already there, or libvirtd went away. */
export type Answer = "done" | "failed";

interface Call {
  readonly operation: Operation;
  readonly guest: string;
  readonly byHand: boolean;
  readonly answered: (answer: Answer) => void;
  timer: Scheduled | undefined;
  dropped: boolean;
  /** It was due while the host slept, and is carried out when the host wakes. */
  overslept: boolean;
}

/** What ended a process: libvirt, a SIGKILL, the power, or the guest itself when asked. */
export type EndedBy = "destroy" | "kill" | "power" | "shutdown";

/** The world's ear on a hypervisor: the checker and the log. */
export interface HypervisorListener {
  /** A copy began to execute, or stopped executing. */
  executionChanged(process: GuestProcess, executing: boolean): void;
  /** A process ended; `by` says who did it. */
  ended(process: GuestProcess, by: EndedBy): void;
}

/** How long each libvirt call takes, in ms. */
export interface HypervisorTimes {
  readonly startMs: number;
  readonly suspendMs: number;
  readonly resumeMs: number;
  readonly destroyMs: number;
}

/** Times measured on real hosts. */
export const measuredTimes: HypervisorTimes = { startMs: 400, suspendMs: 3, resumeMs: 3, destroyMs: 205 };

/** Each call at its measured time, give or take half, with a rare slow one. */
const worstFactor = 4;

/** libvirtd and the guest processes of one machine. */
export class Hypervisor {
  readonly processes = new Map<string, GuestProcess>();
  /** Multiplies the time of every call. @default 1 */
  slowness = 1;
  /** Whether starts vary; measurements of failover fix them at 0.4 s. */
  steady = false;
  #hanging = new Set<Operation>();
  #calls = new Map<string, Call[]>();
  #up = true;
  #powered = true;
  #frozen = false;
  #nextPid = 1000;
  #bootedAtMs = 0;
  #queue: EventQueue;
  #random: Prng;
  #times: HypervisorTimes;
  #listener: HypervisorListener;
  #finish = (call: Call): void => this.#finished(call);
  #shutDown = (process: GuestProcess): void => {
    if (this.isExecuting(process)) this.#end(process, "shutdown");
  };

  constructor(queue: EventQueue, random: Prng, times: HypervisorTimes, listener: HypervisorListener) {
    this.#queue = queue;
    this.#random = random;
    this.#times = times;
    this.#listener = listener;
  }

  get libvirtdUp(): boolean {
    return this.#up && this.#powered;
  }

  isExecuting(process: GuestProcess): boolean {
    return this.#powered && !this.#frozen && !process.paused && this.processes.get(process.guest) === process;
  }

  /** Asks libvirtd. The answer may never come: the host may lose power, or the call may hang. */
  call(operation: Operation, guest: string, byHand: boolean, answered: (answer: Answer) => void): void {
    const call: Call = { operation, guest, byHand, answered, timer: undefined, dropped: false, overslept: false };
    if (!this.libvirtdUp) {
      this.#queue.after(1, answered, "failed" as const);
      return;
    }
    const waiting = this.#calls.get(guest);
    if (waiting === undefined) {
      this.#calls.set(guest, [call]);
      this.#begin(call);
    } else waiting.push(call);
  }

  /** Asks the guest's operating system to stop; it takes its time, and a paused guest does not hear. */
  shutdown(guest: string): void {
    const process = this.processes.get(guest);
    if (process === undefined || process.paused) return;
    const deaf = !this.steady && this.#random.chance(0.1);
    if (!deaf) this.#queue.after(this.steady ? 1000 : this.#random.between(200, 4000), this.#shutDown, process);
  }

  /** SIGKILL, not through libvirtd. */
  kill(process: GuestProcess): void {
    this.#queue.after(
      this.#random.between(5, 20),
      (target: GuestProcess) => {
        if (!target.unkillable) this.#end(target, "kill");
      },
      process,
    );
  }

  /** From now on calls of this kind begin but do not end, until {@link unhang}. */
  hang(operation: Operation): void {
    this.#hanging.add(operation);
    for (const [head] of this.#calls.values()) {
      if (head !== undefined && head.operation === operation) this.#queue.cancel(head.timer);
    }
  }

  unhang(operation: Operation): void {
    this.#hanging.delete(operation);
    for (const [head] of this.#calls.values()) {
      if (head !== undefined && head.operation === operation) {
        this.#queue.cancel(head.timer);
        this.#begin(head);
      }
    }
  }

  /** libvirtd stops. Guests live on; calls fail, with or without their effect. */
  stopLibvirtd(): void {
    if (!this.#up) return;
    this.#up = false;
    for (const calls of [...this.#calls.values()]) {
      for (const [index, call] of calls.entries()) {
        this.#queue.cancel(call.timer);
        call.dropped = true;
        if (index === 0 && this.#random.chance(0.5)) this.#effect(call);
        this.#queue.after(1, call.answered, "failed" as const);
      }
    }
    this.#calls.clear();
  }

  startLibvirtd(): void {
    this.#up = true;
  }

  /** Everything on the host ends at once; nobody gets an answer. */
  powerOff(): void {
    for (const calls of this.#calls.values()) {
      for (const call of calls) {
        this.#queue.cancel(call.timer);
        call.dropped = true;
      }
    }
    this.#calls.clear();
    for (const process of [...this.processes.values()]) this.#end(process, "power");
    this.#powered = false;
    this.#frozen = false;
    this.#hanging.clear();
  }

  powerOn(): void {
    this.#powered = true;
    this.#up = true;
    this.#nextPid = 1000;
    this.#bootedAtMs = this.#queue.nowMs;
  }

  /** Freezes or thaws every guest with its host. */
  setFrozen(frozen: boolean): void {
    if (this.#frozen === frozen) return;
    const before = [...this.processes.values()].filter((process) => this.isExecuting(process));
    this.#frozen = frozen;
    if (frozen) for (const process of before) this.#listener.executionChanged(process, false);
    else {
      for (const process of this.processes.values()) {
        if (this.isExecuting(process)) this.#listener.executionChanged(process, true);
      }
    }
  }

  /** Puts a process there that was running before the fleet was (adoption, duplicates). */
  plant(guest: string, startedAtMs: number): GuestProcess {
    const process = this.#create(guest, startedAtMs, false);
    process.paused = false;
    this.#listener.executionChanged(process, true);
    return process;
  }

  #begin(call: Call): void {
    if (this.#hanging.has(call.operation)) return;
    call.timer = this.#queue.after(this.#durationMs(call.operation), this.#finish, call);
  }

  #durationMs(operation: Operation): number {
    const times = this.#times;
    const typical =
      operation === "start"
        ? times.startMs
        : operation === "suspend"
          ? times.suspendMs
          : operation === "resume"
            ? times.resumeMs
            : times.destroyMs;
    if (this.steady) return typical * this.slowness;
    return this.#random.longTail(typical, typical * worstFactor) * this.slowness;
  }

  #finished(call: Call): void {
    if (call.dropped) return;
    if (this.#frozen) {
      call.overslept = true;
      call.timer = this.#queue.after(50, this.#finish, call);
      return;
    }
    const answer = this.#effect(call);
    this.#queue.after(this.#random.between(0, 1), call.answered, answer);
    const calls = this.#calls.get(call.guest);
    calls?.shift();
    const next = calls?.[0];
    if (next === undefined) this.#calls.delete(call.guest);
    else this.#begin(next);
  }

  #effect(call: Call): Answer {
    const process = this.processes.get(call.guest);
    if (call.operation === "start") {
      if (process !== undefined) return "failed";
      const made = this.#create(call.guest, this.#queue.nowMs, call.byHand);
      if (call.byHand) this.#setPaused(made, false);
      return "done";
    }
    if (process === undefined) return "failed";
    if (call.operation === "destroy") {
      if (process.unkillable) return "failed";
      this.#end(process, "destroy");
      return "done";
    }
    if (process.unkillable) return "failed";
    process.byHand = call.byHand;
    process.resumedAtWake = call.overslept;
    this.#setPaused(process, call.operation === "suspend");
    return "done";
  }

  #create(guest: string, startedAtMs: number, byHand: boolean): GuestProcess {
    const pid = this.#nextPid++;
    const startTicks = Math.floor((this.#queue.nowMs - this.#bootedAtMs) / 10);
    const made: GuestProcess = {
      guest,
      pid,
      startTicks,
      startedAtMs,
      paused: true,
      unkillable: false,
      byHand,
      resumedAtWake: false,
      handMade: byHand,
    };
    this.processes.set(guest, made);
    return made;
  }

  #setPaused(process: GuestProcess, paused: boolean): void {
    if (process.paused === paused) return;
    const before = this.isExecuting(process);
    process.paused = paused;
    const after = this.isExecuting(process);
    if (before !== after) this.#listener.executionChanged(process, after);
  }

  #end(process: GuestProcess, by: EndedBy): void {
    if (this.processes.get(process.guest) !== process) return;
    const executing = this.isExecuting(process);
    this.processes.delete(process.guest);
    if (executing) this.#listener.executionChanged(process, false);
    this.#listener.ended(process, by);
  }
}
