/**
 * One commit as it stands in the journal: a checked line that begins at a page of the file. The rest of its last page keeps
 * whatever was there; a line tells its own end, and its sum whether it is one.
 */
import { checkedLine, readCheckedLine } from "./checked-line.ts";
import type { EntryChange } from "./store-contents.ts";

/** What one write may tear. Every entry begins at a multiple of it, so that no write touches an entry that was acknowledged. */
export const pageBytes = 4096;

/** One commit. */
export interface JournalEntry {
  readonly commit: number;
  /** Absent for a commit that was too big for the journal and is in level. */
  readonly changes?: readonly EntryChange[];
}

/** The entry's bytes. `diskId` is covered by the sum: entries of another store are none here. */
export function encodeEntry(entry: JournalEntry, diskId: string): Buffer {
  return Buffer.from(`${checkedLine(JSON.stringify(entry), diskId)}\n`);
}

/** Pages that an entry of this size takes. */
export function pagesOf(bytes: number): number {
  return Math.ceil(bytes / pageBytes);
}

/** Every whole entry in a file's bytes, with the page at which it begins. */
export function readEntries(
  file: Buffer,
  diskId: string,
): readonly { readonly page: number; readonly entry: JournalEntry }[] {
  const found: { readonly page: number; readonly entry: JournalEntry }[] = [];
  for (let page = 0; page * pageBytes < file.length; ) {
    const end = file.indexOf("\n", page * pageBytes);
    const text = end < 0 ? undefined : readCheckedLine(file.toString("utf8", page * pageBytes, end), diskId);
    if (text === undefined) {
      page += 1;
      continue;
    }
    found.push({ page, entry: JSON.parse(text) as JournalEntry });
    page += pagesOf(end + 1 - page * pageBytes);
  }
  return found;
}
