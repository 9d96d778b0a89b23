/**
 * The number of the last commit, kept outside level.
 *
 * Level may lose the end of its log to one flipped byte and open as if nothing were wrong, in an older state that is
 * consistent in itself. So after every commit its number is written here, and synced, before anybody is told that the
 * commit is durable: a store whose head is below this number has forgotten something it had promised to keep.
 *
 * Two slots, a page apart, take turns, so that a write which a power cut tears leaves the other slot whole. The slot of
 * commit n is written only when n is in level. A slot that cannot be read is therefore believed to be torn only when
 * the head is one ahead of the other slot; everything else is damage.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { checkedLine, readCheckedLine } from "./checked-line.ts";

const slotBytes = 4096;

/** What the two slots say together, beside the head of the store. */
export type CounterVerdict = { readonly kind: "ok" } | { readonly kind: "damaged"; readonly why: string };

/** The open counter file. One write at a time. */
export class CommitCounter {
  readonly #file: FileHandle;
  readonly #diskId: string;

  private constructor(components: { readonly file: FileHandle; readonly diskId: string }) {
    this.#file = components.file;
    this.#diskId = components.diskId;
  }

  /** Makes the file of a new store, both slots at 0, and closes it. Throws what the file system throws. */
  static async found(path: string, diskId: string): Promise<void> {
    const file = await open(path, "wx", 0o600);
    try {
      await file.write(Buffer.alloc(2 * slotBytes), 0, 2 * slotBytes, 0);
      for (const slot of [0, 1]) await writeSlot(file, slot, diskId, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Opens the file of an existing store. Throws what the file system throws. */
  static async open(path: string, diskId: string): Promise<CommitCounter> {
    // A write through this handle is on the disk when it ends: one errand for the thread pool where write and sync are two.
    return new CommitCounter({ file: await open(path, constants.O_RDWR | constants.O_DSYNC), diskId });
  }

  /** Compares with the head's commit; on `ok` the counter has been brought up to it. */
  async check(headCommit: number): Promise<CounterVerdict> {
    const slots = [await this.#readSlot(0), await this.#readSlot(1)];
    const verdict = judgeSlots(slots[0], slots[1], headCommit);
    if (verdict.kind === "ok") await this.write(headCommit);
    return verdict;
  }

  /** On return the number is on the disk. */
  async write(commit: number): Promise<void> {
    await writeSlot(this.#file, commit % 2, this.#diskId, commit);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #readSlot(slot: number): Promise<number | undefined> {
    const buffer = Buffer.alloc(slotBytes);
    await this.#file.read(buffer, 0, slotBytes, slot * slotBytes);
    const end = buffer.indexOf("\n");
    const text = end < 0 ? undefined : readCheckedLine(buffer.toString("latin1", 0, end), this.#diskId);
    const commit = text === undefined ? Number.NaN : Number(text);
    return Number.isSafeInteger(commit) ? commit : undefined;
  }
}

/**
 * Whether two slots (undefined: not readable) and a head can come from an ordinary life, crashes included.
 * Ordinary: the slots are neighbours and the head is the higher one, or one above it; or one slot is torn and the head
 * is the commit that it was written for.
 */
export function judgeSlots(a: number | undefined, b: number | undefined, headCommit: number): CounterVerdict {
  if (a === undefined && b === undefined) return damaged("neither slot of the commit counter can be read");
  if (a === undefined || b === undefined) {
    const whole = a ?? b ?? 0;
    if (headCommit === whole + 1) return { kind: "ok" };
    return damaged(`one slot of the commit counter is damaged; the other says ${whole}, the store ${headCommit}`);
  }
  const last = Math.max(a, b);
  const neighbours = Math.abs(a - b) === 1 || last === 0;
  if (!neighbours) return damaged(`the slots of the commit counter say ${a} and ${b}, which never follow each other`);
  if (headCommit < last)
    return damaged(`commits ${headCommit + 1} to ${last} are missing: what is left is an older state`);
  if (headCommit > last + 1) return damaged(`the store is at commit ${headCommit}, its counter only at ${last}`);
  return { kind: "ok" };
}

function damaged(why: string): CounterVerdict {
  return { kind: "damaged", why };
}

async function writeSlot(file: FileHandle, slot: number, diskId: string, commit: number): Promise<void> {
  const line = Buffer.from(`${checkedLine(String(commit), diskId)}\n`, "latin1");
  const { bytesWritten } = await file.write(line, 0, line.length, slot * slotBytes);
  if (bytesWritten !== line.length) await file.write(line, bytesWritten, undefined, slot * slotBytes + bytesWritten);
}
