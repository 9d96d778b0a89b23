import type { EventQueue } from "./event-queue.ts";
import type { Prng } from "./prng.ts";

/**
 * One host's disk: a table of records, written in batches that are durable as a whole or not at all.
 *
 * A batch that was being synced when the power went is there or is not: a coin. An agent that crashes changes nothing
 * about a batch handed to the kernel. The fault `lying` is a disk that says "synced" and forgets on power loss; it is
 * outside the assumptions and only runs apart.
 */
export interface DiskWrite {
  readonly key: string;
  /** Undefined deletes the record. */
  readonly value: unknown;
}

interface Batch {
  readonly writes: readonly DiskWrite[];
  readonly synced: () => void;
  settled: boolean;
}

/** A record that a lying disk still only holds in its cache: what stood there before, and since when. */
interface Cached extends DiskWrite {
  readonly atMs: number;
}

/** A lying disk writes its cache back within this time all the same. */
const writeBackMs = 10_000;

/** The world's ear on a disk: the checker reads registers and fences from what is durable here. */
export interface DiskListener {
  /** @param batch everything that became durable together with it */
  written(key: string, value: unknown, batch: readonly DiskWrite[]): void;
}

/** The disk of one machine. */
export class Disk {
  readonly records = new Map<string, unknown>();
  /** Answers "synced" without syncing. Outside the assumptions. */
  lying = false;
  /** Added to every sync, in ms. */
  slowMs = 0;
  steady = false;
  #unsynced: Cached[] = [];
  #busyUntilMs = 0;
  #inFlight = new Set<Batch>();
  #queue: EventQueue;
  #random: Prng;
  #listener: DiskListener;
  #settle = (batch: Batch): void => {
    if (batch.settled) return;
    batch.settled = true;
    this.#inFlight.delete(batch);
    this.#apply(batch.writes);
    batch.synced();
  };

  constructor(queue: EventQueue, random: Prng, listener: DiskListener) {
    this.#queue = queue;
    this.#random = random;
    this.#listener = listener;
  }

  /** Writes a batch; `synced` is called when it is durable, and never if the host loses power first. */
  write(writes: readonly DiskWrite[], synced: () => void): void {
    const batch: Batch = { writes, synced, settled: false };
    this.#inFlight.add(batch);
    const typical = this.steady ? 0.5 : this.#random.longTail(0.5, 17);
    // One batch after the other: a later one never overtakes an earlier one.
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#queue.nowMs) + typical + this.slowMs;
    this.#queue.at(this.#busyUntilMs, this.#settle, batch);
  }

  /** The host lost power: batches under way are there or not, and a lying disk forgets what it had not synced. */
  powerLoss(): void {
    let reached = true;
    for (const batch of this.#inFlight) {
      batch.settled = true;
      reached &&= this.#random.chance(0.5);
      if (reached) this.#apply(batch.writes);
    }
    this.#inFlight.clear();
    this.#busyUntilMs = 0;
    const { nowMs } = this.#queue;
    for (const { key, value, atMs } of this.#unsynced.reverse())
      if (nowMs - atMs < writeBackMs) this.#put(key, value, []);
    this.#unsynced = [];
  }

  /** A new, empty disk. Batches under way are lost. */
  wipe(): void {
    for (const batch of this.#inFlight) batch.settled = true;
    this.#inFlight.clear();
    this.records.clear();
    this.#unsynced = [];
  }

  #apply(writes: readonly DiskWrite[]): void {
    for (const { key, value } of writes) {
      if (this.lying) this.#unsynced.push({ key, value: this.records.get(key), atMs: this.#queue.nowMs });
      this.#put(key, value, writes);
    }
  }

  #put(key: string, value: unknown, batch: readonly DiskWrite[]): void {
    if (value === undefined) this.records.delete(key);
    else this.records.set(key, value);
    this.#listener.written(key, value, batch);
  }
}
