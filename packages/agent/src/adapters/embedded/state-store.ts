import { acquireFileLock } from "../../state/file-lock.ts";
import { makeStateFolder, stateFileError } from "../../state/state-folder.ts";
import type { EmbeddedState } from "./embedded-state.ts";
import { type FileStamp, readStateFile, stampOf, writeStateFile } from "./state-file.ts";

/** One change waiting to be applied and written. */
interface PendingChange {
  readonly apply: (state: EmbeddedState) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The state file with its lock. Changes that wait at the same moment are applied together and cost one write: the
 * promise of each settles only after its effect is on the disk, so a process killed at any point has lost nothing
 * that it had reported.
 */
export class StateStore {
  readonly path: string;
  #state: EmbeddedState | undefined;
  #stamp: FileStamp = "";
  #waiting: PendingChange[] = [];
  #flushing: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The state as of now, changes of other processes included. Do not change it: use {@link change}.
   * @throws AgentError STATE_FILE_CORRUPT, STATE_FILE_UNAVAILABLE
   */
  read(): EmbeddedState {
    try {
      if (this.#state !== undefined && stampOf(this.path) === this.#stamp) return this.#state;
      const { state, stamp } = readStateFile(this.path);
      this.#stamp = stamp;
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
      const lock = await acquireFileLock(`${this.path}.lock`);
      try {
        while (this.#waiting.length > 0) {
          this.#writeBatch(this.#waiting.splice(0));
          // Lets those who waited for this batch ask for their next change, so that it joins the next batch.
          await new Promise(setImmediate);
        }
      } finally {
        lock.release();
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
      applied = batch.filter((change) => applyOrReject(change, state));
      if (applied.length > 0) this.#stamp = writeStateFile(this.path, state);
      for (const change of applied) change.resolve();
    } catch (error) {
      // What is in memory is ahead of the disk now: read it anew next time.
      this.#state = undefined;
      for (const change of batch) change.reject(stateFileError(this.path, error));
    }
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
