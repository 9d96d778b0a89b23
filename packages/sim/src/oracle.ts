import type { DurableRecord, Message, VoterId } from "@berth/claims";
import { type ChosenClaim, ClaimOracle, fencedBy } from "./claim-oracle.ts";
import type { EventQueue } from "./event-queue.ts";
import { type Copy, type Excuse, ExecutionOracle } from "./execution-oracle.ts";
import type { EndedBy, GuestProcess } from "./hypervisor.ts";
import { LeaseOracle } from "./lease-oracle.ts";
import type { Machine } from "./machine.ts";
import type { Violation, ViolationCode } from "./violation.ts";

/**
 * The one who looks: after every event that changes what executes, what is on a disk or what is on the wire, it asks
 * whether the promise still holds. It knows processes, disks and messages, and no agent's opinion.
 */
export interface OracleTimes {
  /** T_fence stretched by the slowest allowed clock, in true ms. */
  readonly fenceMs: number;
  /** How long after the lease's end something may still execute: K, W, one poll and a kill, stretched. */
  readonly afterFenceMs: number;
  /** How long after a thaw something may still execute: one poll and K1, stretched. */
  readonly wakeGraceMs: number;
  /** D_A on the fastest clock: how long a fence that came with the copy for a new voter set does not stand (the quarantine). */
  readonly copiedFenceMs: number;
}

/** What the fleet wants of a guest now: needed to judge a destroy. */
export interface GuestFacts {
  readonly gossip: boolean;
  readonly pausesWhenIsolated: boolean;
  /** Policy, drain, release or class give a reason to stop it on this machine. */
  mayStopOn(machine: Machine): boolean;
}

/** A slow destroy of a guest. */
const destroyTakesMs = 2_000;

interface CopiedFence {
  readonly voter: VoterId;
  readonly host: string;
  readonly inc: number;
}

/** Watches one fleet. */
export class Oracle {
  readonly violations: Violation[] = [];
  readonly claims: ClaimOracle;
  readonly leases: LeaseOracle;
  readonly executions: ExecutionOracle;
  /** Changes of a guest's chosen owner from one host to another, with the time. */
  readonly takeovers: { readonly atMs: number; readonly guest: string; readonly from: string; readonly to: string }[] =
    [];
  /** Called at every begin and end of execution; for measurements. */
  onExecution: ((guest: string, node: number, executing: boolean) => void) | undefined;
  #queue: EventQueue;
  #times: OracleTimes;
  #machines: readonly Machine[];
  #facts: ReadonlyMap<string, GuestFacts>;
  #chosenAtMs = new Map<string, number>();
  #deadlineChecks = new Set<number>();
  /** When a machine got a lease again after D_A and more without one. */
  #leaseBackMs = new Map<string, number>();
  #onDeadline = (machine: Machine): void => {
    this.#deadlineChecks.delete(machine.node);
    this.#checkDeadline(machine);
  };
  #onWakeOver = (copy: Copy): void => this.#wakeOver(copy);
  #onQuarantineOver = ({ voter, host, inc }: CopiedFence): void => this.claims.fenceStands(voter, host, inc);

  constructor(
    queue: EventQueue,
    times: OracleTimes,
    machines: readonly Machine[],
    facts: ReadonlyMap<string, GuestFacts>,
  ) {
    this.#queue = queue;
    this.#times = times;
    this.#machines = machines;
    this.#facts = facts;
    const report = (code: ViolationCode, text: string): void => this.report(code, text);
    this.executions = new ExecutionOracle(queue, (node) => machines[node]?.name ?? "?", report);
    this.claims = new ClaimOracle(
      {
        chosen: (guest, now, before) => this.#chosen(guest, now, before),
        fencedByMajority: (host, inc) => this.#fenced(host, inc),
      },
      report,
    );
    this.leases = new LeaseOracle(this.claims, times.fenceMs);
    for (const [guest, { gossip }] of facts) this.executions.addGuest(guest, gossip);
  }

  report(code: ViolationCode, text: string): void {
    this.violations.push({ code, atMs: this.#queue.nowMs, text });
  }

  /** A message leaves. A voter's grant is judged against that voter's own disk. */
  sent(from: Machine, to: string, message: Message): void {
    if (message.kind === "renew") this.leases.sent(from.name, message, this.#queue.nowMs);
    if (message.kind !== "renew-reply" || message.verdict.kind !== "ack") return;
    const known = from.disk.records.get(`voter-host/${to}`) as DurableRecord | undefined;
    if (known?.kind === "voter-host" && message.inc <= known.value.fenced) {
      this.report("FENCED_GRANTED", `${from.name} grants ${to} inc ${message.inc}, which its disk has as fenced`);
    }
  }

  arrived(to: Machine, message: Message): void {
    if (message.kind !== "renew-reply") return;
    const before = this.leases.validUntilMs(to.name);
    const { nowMs } = this.#queue;
    this.leases.arrived(to.name, message, nowMs);
    const isLater = this.leases.validUntilMs(to.name) > before;
    if (isLater && nowMs - before >= this.#times.copiedFenceMs) this.#leaseBackMs.set(to.name, nowMs);
  }

  /** @param activates the record was written in the batch with which the voter was activated: it is the copy's, not its own */
  written(machine: Machine, record: DurableRecord | undefined, activates: boolean): void {
    if (record === undefined) return;
    const voter = voterOf(machine);
    if (voter === undefined) {
      if (record.kind === "config") this.claims.addConfig(record.value);
      return;
    }
    this.claims.written(voter, record, activates);
    if (!activates || record.kind !== "voter-host" || fencedBy(record.value) === 0) return;
    const fence: CopiedFence = { voter, host: record.host, inc: fencedBy(record.value) };
    this.#queue.after(this.#times.copiedFenceMs, this.#onQuarantineOver, fence);
  }

  executionChanged(machine: Machine, process: GuestProcess, executing: boolean, planted: boolean): void {
    if (!executing) {
      this.executions.ended(process);
      this.onExecution?.(process.guest, machine.node, false);
      return;
    }
    const excuse = this.#excuse(machine, process, planted);
    const copy = this.executions.began(machine.node, process, excuse);
    if (excuse === "wake-up") this.#queue.after(this.#times.wakeGraceMs, this.#onWakeOver, copy);
    this.#checkCopy(copy);
    this.onExecution?.(process.guest, machine.node, true);
  }

  ended(machine: Machine, process: GuestProcess, by: EndedBy): void {
    const ordered = machine.destroyOrdered.delete(process.guest);
    // A copy that somebody made by hand may have been run past by others: it is nobody's loss.
    if (by !== "destroy" || !ordered || process.handMade) return;
    const facts = this.#facts.get(process.guest);
    if (facts === undefined || facts.gossip || !facts.pausesWhenIsolated || facts.mayStopOn(machine)) return;
    const owner = this.claims.owner(process.guest);
    if (owner?.value.owner !== machine.identity) return;
    if (owner.value.inc <= this.claims.fencedOnDisks(machine.identity)) return;
    if (owner.value.inc !== incarnationOf(machine) || this.#isCornered(machine, owner.value.inc)) return;
    const chosenAtMs = this.#chosenAtMs.get(process.guest) ?? 0;
    // An empty disk begins again with low incarnations: a claim of the same number from before is not its own.
    if (machine.wipedAtMs > chosenAtMs) return;
    // A copy that is older than the claim, on a host whose disk was emptied: whose it was is forgotten, and others may have run the
    // guest past it. It can appear after the new incarnation has begun, when a slow start had been ordered before.
    const isForgotten = Number.isFinite(machine.wipedAtMs) && process.startedAtMs < chosenAtMs;
    if (owner.value.epoch > 1 && isForgotten) return;
    this.report("DESTROYED_WRONGLY", `${process.guest} was destroyed on ${machine.name}, which owns it and wants it`);
  }

  /**
   * One voter has fenced it and no majority has granted it a lease for D_A, until just now at least: it may give its incarnation up,
   * guests and all. A grant that comes while it does so changes nothing any more.
   */
  #isCornered(machine: Machine, inc: number): boolean {
    const { nowMs } = this.#queue;
    const withoutLeaseMs = nowMs - this.leases.validUntilMs(machine.name);
    const isBackMs = nowMs - (this.#leaseBackMs.get(machine.name) ?? Number.NEGATIVE_INFINITY);
    const hadNone = withoutLeaseMs >= this.#times.copiedFenceMs || isBackMs < destroyTakesMs;
    return hadNone && inc <= this.claims.fencedAnywhere(machine.identity);
  }

  #excuse(machine: Machine, process: GuestProcess, planted: boolean): Excuse | undefined {
    if (planted) return "before-the-fleet";
    if (machine.waking || process.resumedAtWake) return "wake-up";
    return process.byHand && !this.#rightful(machine, process.guest) ? "hand" : undefined;
  }

  #rightful(machine: Machine, guest: string): boolean {
    const leased = this.#queue.nowMs <= this.leases.validUntilMs(machine.name);
    // A claim of the incarnation before is nobody's right to run: the guest was seen off since.
    return leased && this.#owns(machine, guest) && this.claims.owner(guest)?.value.inc === incarnationOf(machine);
  }

  /** Of two machines with one identity the claim is that one's whose incarnation it names. */
  #owns(machine: Machine, guest: string): boolean {
    const claim = this.claims.owner(guest)?.value;
    if (claim?.owner !== machine.identity) return false;
    return this.#machinesOf(machine.identity).length === 1 || claim.inc === incarnationOf(machine);
  }

  /** The machines that go by this name: one, unless somebody copied a disk. */
  #machinesOf(identity: string): readonly Machine[] {
    return this.#machines.filter((machine) => machine.identity === identity);
  }

  #checkCopy(copy: Copy): void {
    const machine = this.#machines[copy.node];
    const facts = this.#facts.get(copy.process.guest);
    if (machine === undefined || facts === undefined || facts.gossip || copy.excuse !== undefined) return;
    const { guest } = copy.process;
    const owner = this.claims.owner(guest)?.value;
    if (owner === undefined || !this.#owns(machine, guest)) {
      const who = owner === undefined ? "nobody" : (owner.owner ?? "nobody, it was released");
      this.report("RUN_WITHOUT_CLAIM", `${guest} executes on ${machine.name}; the chosen owner is ${who}`);
    } else if (owner.inc <= this.claims.fencedInc(machine.identity)) {
      this.report(
        "FENCED_ALIVE",
        `${guest} executes on ${machine.name} under inc ${owner.inc}, which a majority has fenced`,
      );
    }
    this.#checkDeadline(machine);
  }

  #chosen(guest: string, now: ChosenClaim, before: ChosenClaim | undefined): void {
    // A repeated claim is the same claim: it dates from when it was first chosen.
    if (before?.value.epoch !== now.value.epoch) this.#chosenAtMs.set(guest, this.#queue.nowMs);
    const from = before?.value.owner;
    const to = now.value.owner;
    if (from !== undefined && from !== null && to !== null && from !== to) {
      this.takeovers.push({ atMs: this.#queue.nowMs, guest, from, to });
    }
    for (const copy of [...this.executions.copiesOf(guest)]) {
      if (copy.excuse !== undefined && copy.excuse !== "wake-up" && this.#machines[copy.node]?.identity === to) {
        this.executions.endExcuse(copy);
      }
      this.#checkCopy(copy);
    }
  }

  #fenced(host: string, inc: number): void {
    for (const machine of this.#machinesOf(host)) if (machine.powered) this.#checkFenced(machine, inc);
  }

  #checkFenced(machine: Machine, inc: number): void {
    for (const process of machine.hypervisor.processes.values()) {
      if (!machine.hypervisor.isExecuting(process)) continue;
      const copy = this.executions.copiesOf(process.guest).find((candidate) => candidate.process === process);
      const under = this.claims.owner(process.guest)?.value.inc ?? 0;
      if (copy === undefined || copy.excuse !== undefined || under > inc) continue;
      if (this.#facts.get(process.guest)?.gossip === false) {
        this.report(
          "FENCED_ALIVE",
          `a majority fenced ${machine.identity} inc ${inc} while ${process.guest} executes there`,
        );
      }
    }
  }

  /** Looks now, and looks again when the present lease and its budget are over. One pending look per machine. */
  #checkDeadline(machine: Machine): void {
    const { nowMs } = this.#queue;
    const end = this.leases.validUntilMs(machine.name) + this.#times.afterFenceMs;
    const late = this.#ownCopyOn(machine);
    if (late === undefined) return;
    if (nowMs > end) {
      const overdue = Math.round(nowMs - end);
      this.report(
        "RUN_PAST_DEADLINE",
        `${late} executes on ${machine.name} ${overdue} ms after lease, K and W were over`,
      );
      return;
    }
    if (this.#deadlineChecks.has(machine.node)) return;
    this.#deadlineChecks.add(machine.node);
    this.#queue.at(end + 0.01, this.#onDeadline, machine);
  }

  #ownCopyOn(machine: Machine): string | undefined {
    for (const process of machine.hypervisor.processes.values()) {
      if (!machine.hypervisor.isExecuting(process) || this.#facts.get(process.guest)?.gossip !== false) continue;
      const copy = this.executions.copiesOf(process.guest).find((candidate) => candidate.process === process);
      if (copy !== undefined && copy.excuse === undefined) return process.guest;
    }
    return undefined;
  }

  #wakeOver(copy: Copy): void {
    if (!this.executions.copiesOf(copy.process.guest).includes(copy)) return;
    const machine = this.#machines[copy.node];
    if (machine !== undefined && copy.process.byHand && !this.#rightful(machine, copy.process.guest)) {
      copy.excuse = "hand";
      return;
    }
    this.executions.endExcuse(copy);
    this.#checkCopy(copy);
  }
}

/** The incarnation on a machine's disk; 0 when there is none. */
export function incarnationOf(machine: Machine): number {
  const record = machine.disk.records.get("identity") as DurableRecord | undefined;
  return record?.kind === "identity" ? record.value.inc : 0;
}

/** The voter id of a machine's disk. */
export function voterOf(machine: Machine): VoterId | undefined {
  const record = machine.disk.records.get("voter-disk") as DurableRecord | undefined;
  return record?.kind === "voter-disk" ? record.value.voter : undefined;
}
