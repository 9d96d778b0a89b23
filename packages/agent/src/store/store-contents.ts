/**
 * What the store holds, and how one sees that all of it is still there.
 *
 * Each record is a checked line under its key, with the number of the commit that wrote it. One more entry, the head, is
 * part of every batch that level gets and says how many records there are and what they add up to: the exclusive or of a hash of each.
 * A damaged record fails its own sum; a record that vanished, or came back from an earlier commit, leaves a head that
 * does not add up; a tail of commits that vanished together with its heads is found, and brought back where it still can
 * be, by the journal, which is outside (`journal.ts`).
 */
import { createHash } from "node:crypto";
import { type DurableRecord, recordKey } from "@berth/claims";
import { checkedLine, readCheckedLine } from "./checked-line.ts";

/** Number of the layout of store, head and journal. A release that changes it reads the older one, or refuses. */
export const storeSchema = 2;

/** Key of the head in level. Keys of records begin with `r/`. */
export const headKey = "head";

/** What the head says of all records. */
export interface StoreHead {
  readonly schema: number;
  readonly diskId: string;
  readonly commit: number;
  readonly records: number;
  /** Exclusive or of the records' hashes, 32 hexadecimal digits. */
  readonly digest: string;
}

/** One change of the store, as level takes it. */
export type EntryChange =
  | { readonly type: "put"; readonly key: string; readonly value: string }
  | { readonly type: "del"; readonly key: string };

interface Held {
  readonly record: DurableRecord;
  readonly hash: bigint;
}

/** The records of an open store and their sum. Ahead of the disk by the commit under way. */
export class StoreContents {
  readonly diskId: string;
  #held = new Map<string, Held>();
  #digest = 0n;
  #commit: number;

  constructor(init: { readonly diskId: string; readonly commit: number }) {
    this.diskId = init.diskId;
    this.#commit = init.commit;
  }

  get commit(): number {
    return this.#commit;
  }

  records(): readonly DurableRecord[] {
    return [...this.#held.values()].map(({ record }) => record);
  }

  head(): StoreHead {
    const digest = this.#digest.toString(16).padStart(32, "0");
    return { schema: storeSchema, diskId: this.diskId, commit: this.#commit, records: this.#held.size, digest };
  }

  /** Takes the next commit and returns its changes. The last record of a key counts. */
  apply(batch: readonly DurableRecord[]): readonly EntryChange[] {
    this.#commit += 1;
    const latest = new Map(batch.map((record) => [`r/${recordKey(record)}`, record]));
    const changes: EntryChange[] = [];
    for (const [key, record] of latest) {
      if (record.value === null) {
        this.#forget(key);
        changes.push({ type: "del", key });
      } else {
        const value = checkedLine(`${this.#commit} ${JSON.stringify(record)}`, key);
        this.#hold(key, value, record);
        changes.push({ type: "put", key, value });
      }
    }
    return changes;
  }

  /** Takes a commit from the journal. Returns what is wrong with it, or undefined. */
  replay(commit: number, changes: readonly EntryChange[]): string | undefined {
    this.#commit = commit;
    for (const change of changes) {
      const fault = change.type === "put" ? this.restore(change.key, change.value) : undefined;
      if (fault !== undefined) return fault;
      if (change.type === "del") this.#forget(change.key);
    }
    return undefined;
  }

  /** Takes an entry that was read from the disk. Returns what is wrong with it, or undefined. */
  restore(key: string, value: string): string | undefined {
    const text = readCheckedLine(value, key);
    if (text === undefined) return `the record ${JSON.stringify(key)} is damaged: its checksum does not fit`;
    const record = JSON.parse(text.slice(text.indexOf(" ") + 1)) as DurableRecord;
    this.#hold(key, value, record);
    return undefined;
  }

  #hold(key: string, value: string, record: DurableRecord): void {
    this.#forget(key);
    const hash = hashOf(key, value);
    this.#held.set(key, { record, hash });
    this.#digest ^= hash;
  }

  #forget(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#digest ^= held.hash;
    this.#held.delete(key);
  }
}

/** The head as it is written. */
export function encodeHead(head: StoreHead): string {
  return checkedLine(JSON.stringify(head), headKey);
}

/** A head as it was read, or undefined when it is damaged. */
export function decodeHead(value: string): StoreHead | undefined {
  const text = readCheckedLine(value, headKey);
  return text === undefined ? undefined : (JSON.parse(text) as StoreHead);
}

function hashOf(key: string, value: string): bigint {
  return BigInt(`0x${createHash("sha256").update(`${key}\0${value}`).digest("hex").slice(0, 32)}`);
}
