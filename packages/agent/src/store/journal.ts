/**
 * The last commits, in two files of fixed size, each of which has all of them.
 *
 * A write into space that a file has had since it was made is the cheapest durable write there is: the file system has
 * nothing to note of it, so nobody else's files are waited for. Level's log grows with every write and waits for the whole
 * disk's. So a commit is durable when it stands in both files here; level takes many together, later (`level-record-store.ts`).
 *
 * A file has two halves. Commits are appended to one of them; when it is full and level has what stands in the other, the
 * other's turn begins. So the latest commit is never overwritten, and each is there until level has it. Where one file is
 * damaged the other one is believed; a commit that neither has was never acknowledged.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { encodeEntry, type JournalEntry, pageBytes, pagesOf, readEntries } from "./journal-entry.ts";

/** Pages of one half. @default 64: level is waited for once in 64 commits or more, and a file is half a MiB */
export const halfPages = 64;
const fileBytes = 2 * halfPages * pageBytes;

/** What both files say together: entries by commit, the latest one last; or why they cannot be used. */
export type JournalReading =
  | { readonly kind: "entries"; readonly entries: ReadonlyMap<number, JournalEntry>; readonly last: number }
  | { readonly kind: "damaged"; readonly why: string };

/** The open journal. One append at a time. */
export class Journal {
  readonly #files: readonly FileHandle[];
  readonly #diskId: string;
  /** Where the next entry goes: the half, and how many of its pages are taken. */
  #half = 0;
  #taken = 0;

  private constructor(components: { readonly files: readonly FileHandle[]; readonly diskId: string }) {
    this.#files = components.files;
    this.#diskId = components.diskId;
  }

  /** Makes the files of a new store. Throws what the file system throws. */
  static async found(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const file = await open(path, "wx", 0o600);
      try {
        // Written and not merely reserved: the first write to reserved space has to be noted by the file system.
        await file.write(Buffer.alloc(fileBytes), 0, fileBytes, 0);
        await file.sync();
      } finally {
        await file.close();
      }
    }
  }

  /** Opens the files of an existing store. Throws what the file system throws. */
  static async open(paths: readonly string[], diskId: string): Promise<Journal> {
    const files: FileHandle[] = [];
    try {
      // A write through such a handle is on the disk when it ends.
      for (const path of paths) files.push(await open(path, constants.O_RDWR | constants.O_DSYNC));
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
    return new Journal({ files, diskId });
  }

  /** Reads both files. The next entry will not overwrite the latest one. */
  async read(): Promise<JournalReading> {
    const entries = new Map<number, JournalEntry>();
    let last = 0;
    for (const file of this.#files) {
      const bytes = await file.readFile();
      if (bytes.length !== fileBytes)
        return { kind: "damaged", why: `a journal has ${bytes.length} bytes, not ${fileBytes}` };
      for (const { page, entry } of readEntries(bytes, this.#diskId)) {
        entries.set(entry.commit, entry);
        if (entry.commit < last) continue;
        last = entry.commit;
        this.#half = page < halfPages ? 1 : 0;
      }
    }
    return { kind: "entries", entries, last };
  }

  /** Whether an entry of so many bytes fits into any half. */
  static isSmall(bytes: number): boolean {
    return pagesOf(bytes) <= halfPages;
  }

  /** Whether it fits into what is left of this half. */
  hasRoom(bytes: number): boolean {
    return this.#taken + pagesOf(bytes) <= halfPages;
  }

  /** Goes on in the other half: level must have what stands there. */
  turn(): void {
    this.#half = 1 - this.#half;
    this.#taken = 0;
  }

  /** Appends to both files; on return it is on the disk. There must be room. */
  async append(bytes: Buffer): Promise<void> {
    const at = (this.#half * halfPages + this.#taken) * pageBytes;
    await Promise.all(this.#files.map((file) => writeAll(file, bytes, at)));
    this.#taken += pagesOf(bytes.length);
  }

  encode(entry: JournalEntry): Buffer {
    return encodeEntry(entry, this.#diskId);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
  }
}
