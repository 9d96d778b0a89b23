/**
 * When each embedded guest executed, by the machine's monotonic clock, which all processes of a simulation share. Two hosts'
 * journals side by side show for how long a guest executed on both.
 *
 * A beginning is written before the state file says so and an end after it does: whatever happens in between, an interval is
 * too long rather than too short, and an overlap is over-reported rather than missed.
 */
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { EmbeddedState } from "./embedded-state.ts";

/** One change, as a line of JSON. */
export interface ExecutionEntry {
  /** CLOCK_MONOTONIC, ms. */
  readonly ms: number;
  readonly guest: string;
  readonly run: string;
  /** `killed` and `stopped` end the run for good; after `suspended` it may execute again. */
  readonly change: "executes" | "suspended" | "stopped" | "killed";
}

/** Where the journal of a state file stands. */
export function executionJournalPath(statePath: string): string {
  return `${statePath}.journal`;
}

/** The clock of the journal. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Appends lines in one write, so that those of several processes do not mix. Throws what the file system throws. */
export function appendExecutions(statePath: string, entries: readonly ExecutionEntry[]): void {
  if (entries.length === 0) return;
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  appendFileSync(executionJournalPath(statePath), text, { mode: 0o600 });
}

/** One run of a guest, and whether it executes. */
export interface ActiveRun {
  readonly run: string;
  readonly executes: boolean;
}

/** The runs of a state, by guest. */
export function activeRuns(state: EmbeddedState): ReadonlyMap<string, ActiveRun> {
  const active = [...state.domains.values()].filter((domain) => domain.active !== undefined);
  return new Map(active.map(({ name, run = name, state: s }) => [name, { run, executes: s === "running" }]));
}

type Change = Omit<ExecutionEntry, "ms">;

/** What is to be written down before a change of the state is, and what after it. */
export interface ExecutionChanges {
  readonly begins: readonly Change[];
  readonly ends: readonly Change[];
}

/** What begins and what ends between two states. The end of a run that was suspended is told as well. */
export function executionChanges(
  before: ReadonlyMap<string, ActiveRun>,
  after: ReadonlyMap<string, ActiveRun>,
): ExecutionChanges {
  const begins = [...after].flatMap(([guest, { run, executes }]): Change[] => {
    const was = before.get(guest);
    return executes && !(was?.run === run && was.executes) ? [{ guest, run, change: "executes" }] : [];
  });
  const ends = [...before].flatMap(([guest, { run, executes }]): Change[] => {
    const is = after.get(guest);
    if (is?.run !== run) return [{ guest, run, change: "stopped" }];
    return executes && !is.executes ? [{ guest, run, change: "suspended" }] : [];
  });
  return { begins, ends };
}

/** Reads a journal from a byte on. A line that is still being written is left for the next time. */
export function readExecutions(
  statePath: string,
  fromByte = 0,
): { readonly entries: readonly ExecutionEntry[]; readonly nextByte: number } {
  let file: number;
  try {
    file = openSync(executionJournalPath(statePath), "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { entries: [], nextByte: fromByte };
    throw error;
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - fromByte));
    const length = readSync(file, bytes, 0, bytes.length, fromByte);
    const end = bytes.subarray(0, length).lastIndexOf(10) + 1;
    const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
    return { entries: lines.map((line) => JSON.parse(line) as ExecutionEntry), nextByte: fromByte + end };
  } finally {
    closeSync(file);
  }
}
