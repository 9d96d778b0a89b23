import type { DurableRecord } from "@berth/claims";
import type { Level } from "level";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { RecordStore } from "../ports/record-store.ts";
import type { FileLock } from "../state/file-lock.ts";
import type { CommitCounter } from "./commit-counter.ts";
import type { StoreContents } from "./store-contents.ts";

interface Waiting {
  readonly batch: readonly DurableRecord[];
  readonly resolve: () => void;
  readonly reject: (error: AgentError) => void;
}

/** What an open store is made of; see `open-record-store.ts`. */
export interface StoreComponents {
  readonly path: string;
  readonly level: Level<string, string>;
  readonly counter: CommitCounter;
  readonly contents: StoreContents;
  readonly lock: FileLock;
  readonly founded: boolean;
}

/**
 * Records on level. A commit is one synced batch of level with the new head in it, then the synced counter, then the
 * answer. Batches that arrive while one is written wait and become one commit together: the disk is waited for once.
 */
export class LevelRecordStore implements RecordStore {
  readonly diskId: string;
  readonly founded: boolean;
  readonly #parts: StoreComponents;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #refusal: AgentError | undefined;

  constructor(components: StoreComponents) {
    this.#parts = components;
    this.diskId = components.contents.diskId;
    this.founded = components.founded;
  }

  load(): readonly DurableRecord[] {
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#parts.contents.records();
  }

  put(batch: readonly DurableRecord[]): Promise<void> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    if (batch.length === 0) return this.#writing ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    if (this.#refusal?.code === "STORE_CLOSED") return;
    this.#refusal = new AgentError("STORE_CLOSED", `the store ${this.#parts.path} is closed`);
    await this.#parts.counter.close();
    await this.#parts.level.close();
    this.#parts.lock.release();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(group.flatMap(({ batch }) => batch));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        this.#fail(group, cause);
      }
    }
    this.#writing = undefined;
  }

  async #commit(batch: readonly DurableRecord[]): Promise<void> {
    const { level, counter, contents } = this.#parts;
    await level.batch([...contents.apply(batch)], { sync: true });
    await counter.write(contents.commit);
  }

  #fail(group: readonly Waiting[], cause: unknown): void {
    const { path } = this.#parts;
    const message = `${path}: a batch did not reach the disk for certain: ${reasonOf(cause)}`;
    const remedy = "mend the disk or make room on it, then start again: every acknowledged record is still there";
    const failure = new AgentError("STORE_WRITE_FAILED", message, { cause, remedy });
    this.#refusal = failure;
    for (const { reject } of [...group, ...this.#waiting]) reject(failure);
    this.#waiting = [];
  }
}
