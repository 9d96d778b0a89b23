import type { EventQueue } from "./event-queue.ts";
import type { GuestProcess } from "./hypervisor.ts";
import { entryOf } from "./map-entry.ts";
import type { ViolationCode } from "./violation.ts";

/**
 * Counts the copies of each guest that execute, and nothing else. This is the promise of the whole project, so it is
 * measured on the processes themselves: not on claims, not on leases, not on what an agent believes.
 *
 * Three kinds of copies are not the protocol's doing and are counted apart instead of being a violation: one that a
 * person started or resumed with virsh, one that was there before the fleet was, and one on a host that has just woken
 * up. The last runs until the dead-man's first look; the excuse ends after `wakeGraceMs` (one poll and K).
 */
export type Excuse = "hand" | "before-the-fleet" | "wake-up";

/** Two copies at the same time. `protocol` is the violation; the others are excused, with their reason. */
export interface Overlap {
  readonly guest: string;
  readonly cause: Excuse | "gossip" | "protocol";
  readonly forMs: number;
}

/** One copy that executes. */
export interface Copy {
  readonly node: number;
  readonly process: GuestProcess;
  readonly sinceMs: number;
  /** Why it does not count as the protocol's own; undefined when it does. */
  excuse: Excuse | undefined;
}

interface Running {
  readonly copies: Copy[];
  readonly gossip: boolean;
  overlapSinceMs: number;
}

/** Knows which copies execute, and reports two of one guest. */
export class ExecutionOracle {
  readonly overlaps: Overlap[] = [];
  #guests = new Map<string, Running>();
  #queue: EventQueue;
  #nodeName: (node: number) => string;
  #report: (code: ViolationCode, text: string) => void;

  constructor(
    queue: EventQueue,
    nodeName: (node: number) => string,
    report: (code: ViolationCode, text: string) => void,
  ) {
    this.#queue = queue;
    this.#nodeName = nodeName;
    this.#report = report;
  }

  addGuest(guest: string, gossip: boolean): void {
    this.#guests.set(guest, { copies: [], gossip, overlapSinceMs: 0 });
  }

  /** The copies that execute now. */
  copiesOf(guest: string): readonly Copy[] {
    return this.#guests.get(guest)?.copies ?? [];
  }

  began(node: number, process: GuestProcess, excuse: Excuse | undefined): Copy {
    const running = this.#running(process.guest);
    const copy: Copy = { node, process, sinceMs: this.#queue.nowMs, excuse };
    running.copies.push(copy);
    if (running.copies.length === 2) running.overlapSinceMs = this.#queue.nowMs;
    this.#judge(process.guest);
    return copy;
  }

  ended(process: GuestProcess): void {
    const running = this.#running(process.guest);
    const at = running.copies.findIndex((copy) => copy.process === process);
    if (at < 0) return;
    if (running.copies.length === 2) this.#noteOverlap(process.guest, running);
    running.copies.splice(at, 1);
  }

  /** The copy counts as the protocol's own from now on. */
  endExcuse(copy: Copy): void {
    if (copy.excuse === undefined) return;
    copy.excuse = undefined;
    this.#judge(copy.process.guest);
  }

  /** The run is over: overlaps that still last are noted as long as they have lasted. */
  close(): void {
    for (const [guest, running] of this.#guests) if (running.copies.length >= 2) this.#noteOverlap(guest, running);
  }

  #running(guest: string): Running {
    return entryOf(this.#guests, guest, () => ({ copies: [], gossip: true, overlapSinceMs: 0 }));
  }

  #judge(guest: string): void {
    const running = this.#running(guest);
    if (running.gossip || running.copies.length < 2) return;
    const counted = running.copies.filter((copy) => copy.excuse === undefined);
    if (counted.length < 2) return;
    const where = counted.map((copy) => this.#nodeName(copy.node)).join(" and ");
    this.#report("TWO_COPIES", `${guest} executes on ${where} at the same time`);
  }

  #noteOverlap(guest: string, running: Running): void {
    const forMs = this.#queue.nowMs - running.overlapSinceMs;
    const excused = running.copies.find((copy) => copy.excuse !== undefined);
    this.overlaps.push({ guest, cause: running.gossip ? "gossip" : (excused?.excuse ?? "protocol"), forMs });
  }
}
