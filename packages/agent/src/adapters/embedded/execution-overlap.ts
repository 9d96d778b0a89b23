/** For how long guests executed on two hosts at once: intervals from each host's journal, laid over each other. */
import type { ExecutionEntry } from "./execution-journal.ts";

/** One stretch in which a guest executed on a host. `toMs` is absent while it still does. */
export interface ExecutionInterval {
  readonly host: string;
  readonly guest: string;
  readonly run: string;
  readonly fromMs: number;
  readonly toMs?: number;
}

/** A guest on two hosts at once. */
export interface ExecutionOverlap {
  readonly guest: string;
  readonly hosts: readonly [string, string];
  readonly fromMs: number;
  readonly durationMs: number;
}

/** The intervals of one host, in the order of their beginnings. */
export function executionIntervals(host: string, entries: readonly ExecutionEntry[]): readonly ExecutionInterval[] {
  const done: ExecutionInterval[] = [];
  const open = new Map<string, ExecutionInterval>();
  const ended = new Set<string>();
  for (const { ms, guest, run, change } of entries) {
    if (change === "executes") {
      // A kill waits for no lock, so its line may come before that of a resume which it made void.
      if (!ended.has(run) && !open.has(run)) open.set(run, { host, guest, run, fromMs: ms });
      continue;
    }
    if (change !== "suspended") ended.add(run);
    const interval = open.get(run);
    if (interval === undefined) continue;
    open.delete(run);
    done.push({ ...interval, toMs: ms });
  }
  return [...done, ...open.values()].toSorted((left, right) => left.fromMs - right.fromMs);
}

/** Every pair of intervals of one guest on different hosts that share some time. `nowMs` ends those that are open. */
export function executionOverlaps(intervals: readonly ExecutionInterval[], nowMs: number): readonly ExecutionOverlap[] {
  const overlaps: ExecutionOverlap[] = [];
  for (const ofGuest of Map.groupBy(intervals, ({ guest }) => guest).values()) {
    const sorted = ofGuest.toSorted((left, right) => left.fromMs - right.fromMs);
    for (const [index, first] of sorted.entries()) {
      const endMs = first.toMs ?? nowMs;
      for (const second of sorted.slice(index + 1)) {
        if (second.fromMs >= endMs) break;
        if (second.host === first.host) continue;
        const durationMs = Math.min(endMs, second.toMs ?? nowMs) - second.fromMs;
        if (durationMs > 0)
          overlaps.push({ guest: first.guest, hosts: [first.host, second.host], fromMs: second.fromMs, durationMs });
      }
    }
  }
  return overlaps;
}
