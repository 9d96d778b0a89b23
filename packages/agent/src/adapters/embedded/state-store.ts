import { setTimeout as delay } from "node:timers/promises";
import { acquireFileLock } from "../../state/file-lock.ts";
import { makeStateFolder, stateFileError } from "../../state/state-folder.ts";
import { type EmbeddedOptions, readEmbeddedOptions } from "./embedded-options.ts";
import type { EmbeddedState } from "./embedded-state.ts";
import {
  type ActiveRun,
  activeRuns,
  appendExecutions,
  type ExecutionChanges,
  executionChanges,
  monotonicMs,
} from "./execution-journal.ts";
import { applyKills, killedRunsPath } from "./killed-runs.ts";
import { type FileStamp, readStateFile, stampOf, writeStateFile } from "./state-file.ts";

/** One change waiting to be applied and written. */
interface PendingChange {
  readonly apply: (state: EmbeddedState) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** That many changes are worth a write at once. @default 32: applying them takes as long as writing a thousand guests */
const worthWriting = 32;

/**
 * The state file with its lock, for any number of processes. Changes that wait at the same moment are applied together and
 * cost one write: the promise of each settles only after its effect is on the disk, so a process killed at any point has
 * lost nothing that it had reported. Between taking the lock and giving it back nothing is waited for: a process that is
 * stopped while it waits keeps nobody out.
 */
export class StateStore {
  readonly path: string;
  readonly #lockWaitMs: number | undefined;
  #options: EmbeddedOptions | undefined;
  #state: EmbeddedState | undefined;
  #stamp: FileStamp = "";
  #killStamp: FileStamp = "";
  #waiting: PendingChange[] = [];
  #flushing: Promise<void> | undefined;

  /** @param init `lockWaitMs`: patience with another process that holds the lock. @default that of `acquireFileLock` */
  constructor(path: string, init: { readonly lockWaitMs?: number } = {}) {
    this.path = path;
    this.#lockWaitMs = init.lockWaitMs;
  }

  /** What a simulation asks of this hypervisor; read once. */
  get options(): EmbeddedOptions {
    this.#options ??= readEmbeddedOptions(this.path);
    return this.#options;
  }

  /**
   * The state as of now, changes of other processes included. Do not change it: use {@link change}.
   * @throws AgentError STATE_FILE_CORRUPT, STATE_FILE_UNAVAILABLE
   */
  read(): EmbeddedState {
    try {
      // The kills are looked at first: one that comes between the two looks is found by the next call.
      const killStamp = stampOf(killedRunsPath(this.path));
      const known = this.#state;
      if (known !== undefined && killStamp === this.#killStamp && stampOf(this.path) === this.#stamp) return known;
      const { state, stamp } = readStateFile(this.path);
      applyKills(this.path, state);
      this.#stamp = stamp;
      this.#killStamp = killStamp;
      this.#state = state;
      return state;
    } catch (error) {
      throw stateFileError(this.path, error);
    }
  }

  /** Applies a change under the lock and writes it. What `apply` throws rejects this change alone. */
  change(apply: (state: EmbeddedState) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject });
      // Begun in a later turn: a flush that failed at once would end before it stands here, and never be forgotten.
      this.#flushing ??= Promise.resolve().then(() => this.#flush());
    });
  }

  /** Resolves when nothing waits to be written. */
  async settled(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
  }

  async #flush(): Promise<void> {
    try {
      makeStateFolder(this.path);
      while (this.#waiting.length > 0) {
        const lock = await acquireFileLock(`${this.path}.lock`, this.#lockWaitMs);
        const began = performance.now();
        try {
          this.#writeBatch(this.#waiting.splice(0));
        } finally {
          lock.release();
        }
        // Lets those who waited for this batch ask for their next change, so that it joins the next batch.
        const tookMs = performance.now() - began;
        await new Promise(setImmediate);
        // Where changes come a few at a time, writing takes half of the time and no more.
        if (this.#waiting.length > 0 && this.#waiting.length < worthWriting) await delay(tookMs);
      }
    } catch (error) {
      for (const change of this.#waiting.splice(0)) change.reject(stateFileError(this.path, error));
    } finally {
      // In the same turn in which nothing was found waiting: a change that comes later begins a new flush.
      this.#flushing = undefined;
    }
  }

  #writeBatch(batch: readonly PendingChange[]): void {
    let applied: PendingChange[] = [];
    try {
      const state = this.read();
      const before = this.options.journal ? activeRuns(state) : undefined;
      applied = batch.filter((change) => applyOrReject(change, state));
      if (applied.length > 0) this.#write(state, before);
      for (const change of applied) change.resolve();
    } catch (error) {
      // What is in memory is ahead of the disk now: read it anew next time.
      this.#state = undefined;
      for (const change of batch) change.reject(stateFileError(this.path, error));
    }
  }

  /** @param before - the runs before the change, where they are to be written down */
  #write(state: EmbeddedState, before: ReadonlyMap<string, ActiveRun> | undefined): void {
    if (before === undefined) {
      this.#stamp = writeStateFile(this.path, state);
      return;
    }
    const { begins, ends } = executionChanges(before, activeRuns(state));
    this.#record(begins);
    this.#stamp = writeStateFile(this.path, state);
    this.#record(ends);
  }

  #record(changes: ExecutionChanges["begins"]): void {
    const ms = monotonicMs();
    appendExecutions(
      this.path,
      changes.map((change) => ({ ms, ...change })),
    );
  }
}

/** A change checks before it changes anything, so one that throws has left the state as it was. */
function applyOrReject(change: PendingChange, state: EmbeddedState): boolean {
  try {
    change.apply(state);
    return true;
  } catch (error) {
    change.reject(error);
    return false;
  }
}
