import type { DurableRecord } from "@berth/claims";
import type { Level } from "level";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { RecordStore } from "../ports/record-store.ts";
import type { FileLock } from "../state/file-lock.ts";
import { Journal } from "./journal.ts";
import { type EntryChange, encodeHead, headKey, type StoreContents } from "./store-contents.ts";

interface Waiting {
  readonly batch: readonly DurableRecord[];
  readonly resolve: () => void;
  readonly reject: (error: AgentError) => void;
}

/** What an open store is made of; see `open-record-store.ts`. */
export interface StoreComponents {
  readonly path: string;
  readonly level: Level<string, string>;
  readonly journal: Journal;
  readonly contents: StoreContents;
  readonly lock: FileLock;
  readonly founded: boolean;
}

/**
 * Records on level, with a journal before it. A commit is one synced write of the journal, then the answer; level gets what
 * filled a half of the journal in one synced batch, with the new head in it, while the other half is being filled. Batches
 * that arrive while one is written wait and become one commit together: the disk is waited for once.
 */
export class LevelRecordStore implements RecordStore {
  readonly diskId: string;
  readonly founded: boolean;
  readonly #parts: StoreComponents;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Changes that the journal has and level has not, the latest of each key. */
  #unsettled = new Map<string, EntryChange>();
  #settling: Promise<void> = Promise.resolve();
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
    const isSound = this.#refusal === undefined;
    this.#refusal = new AgentError("STORE_CLOSED", `the store ${this.#parts.path} is closed`);
    const isTaken = await this.#settling.then(
      () => true,
      () => false,
    );
    // What level does not take now the journal gives it at the next opening. It must get all or nothing: a head without what it counts is damage.
    if (isSound && isTaken && this.#unsettled.size > 0) await this.#settle().catch(() => {});
    await this.#parts.journal.close();
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
    const { journal, contents } = this.#parts;
    const changes = contents.apply(batch);
    for (const change of changes) this.#unsettled.set(change.key, change);
    const entry = journal.encode({ commit: contents.commit, changes });
    if (!Journal.isSmall(entry.length)) {
      await this.#commitToLevel();
      return;
    }
    if (!journal.hasRoom(entry.length)) {
      // Level has by then what stands in the other half.
      await this.#settling;
      journal.turn();
      this.#settling = this.#settle();
      this.#settling.catch((cause: unknown) => this.#fail([], cause));
    }
    await journal.append(entry);
  }

  /** Too big for the journal: level first, and then the journal says that it was. */
  async #commitToLevel(): Promise<void> {
    const { journal, contents } = this.#parts;
    await this.#settling;
    await this.#settle();
    const entry = journal.encode({ commit: contents.commit });
    if (!journal.hasRoom(entry.length)) journal.turn();
    await journal.append(entry);
  }

  /**
   * Gives level everything that it has not. A commit may come to level before it is in the journal, by one at most: it is
   * not acknowledged then, and whole if it is found.
   */
  async #settle(): Promise<void> {
    const { level, contents } = this.#parts;
    const changes = [...this.#unsettled.values()];
    this.#unsettled = new Map();
    await level.batch([...changes, { type: "put", key: headKey, value: encodeHead(contents.head()) }], { sync: true });
  }

  #fail(group: readonly Waiting[], cause: unknown): void {
    const { path } = this.#parts;
    const message = `${path}: a batch did not reach the disk for certain: ${reasonOf(cause)}`;
    const remedy = "mend the disk or make room on it, then start again: every acknowledged record is still there";
    const failure = this.#refusal ?? new AgentError("STORE_WRITE_FAILED", message, { cause, remedy });
    this.#refusal = failure;
    for (const { reject } of [...group, ...this.#waiting]) reject(failure);
    this.#waiting = [];
  }
}
