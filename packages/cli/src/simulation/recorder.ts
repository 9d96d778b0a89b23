/**
 * What the hypervisors did, from their journals: one clock for all hosts, so that "at most one executes" is measured and not
 * asked for. The agents have no part in it.
 */
import { type ExecutionEntry, monotonicMs, readExecutions } from "@berth/agent/adapters/embedded/execution-journal";
import {
  type ExecutionInterval,
  executionIntervals,
  executionOverlaps,
} from "@berth/agent/adapters/embedded/execution-overlap";
import type { OverlapStatus } from "./simulation-status.ts";

/** One entry of a host's journal. */
export interface Recorded extends ExecutionEntry {
  readonly host: string;
}

interface Track {
  readonly host: string;
  readonly stateFile: string;
  readonly entries: ExecutionEntry[];
  nextByte: number;
}

/** Follows the journals of all hosts. */
export class Recorder {
  readonly #tracks: readonly Track[];

  constructor(hosts: readonly { readonly name: string; readonly places: { readonly stateFile: string } }[]) {
    this.#tracks = hosts.map(({ name, places }) => ({
      host: name,
      stateFile: places.stateFile,
      entries: [],
      nextByte: 0,
    }));
  }

  /** Reads what is new, oldest first. */
  take(): readonly Recorded[] {
    const fresh = this.#tracks.flatMap((track) => {
      const { entries, nextByte } = readExecutions(track.stateFile, track.nextByte);
      track.nextByte = nextByte;
      track.entries.push(...entries);
      return entries.map((entry) => ({ host: track.host, ...entry }));
    });
    return fresh.toSorted((left, right) => left.ms - right.ms);
  }

  /** Every stretch in which a guest executed, as far as {@link take} has read. */
  intervals(): readonly ExecutionInterval[] {
    return this.#tracks.flatMap(({ host, entries }) => executionIntervals(host, entries));
  }

  /** The measure so far. */
  overlap(): OverlapStatus {
    const intervals = this.intervals();
    const overlaps = executionOverlaps(intervals, monotonicMs());
    const worst = overlaps.toSorted((left, right) => right.durationMs - left.durationMs)[0];
    return {
      totalMs: overlaps.reduce((sum, { durationMs }) => sum + durationMs, 0),
      intervals: intervals.length,
      ...(worst && { worst: { guest: worst.guest, hosts: worst.hosts, durationMs: worst.durationMs } }),
    };
  }
}
