/**
 * A small file in memory that one process replaces and another reads: a checked line of JSON, replaced by rename, so that
 * the reader sees the old one or the new one. Not synced: a tmpfs ends with the boot in any case, which is what is wanted.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { checkedLine, readCheckedLine } from "../store/checked-line.ts";

/** Number of the layout of both files; another one is not read. */
const layout = 1;

/** Replaces the file. Throws what the file system throws. */
export function replaceTmpfsFile(path: string, value: unknown): void {
  const draft = `${path}.new`;
  writeFileSync(draft, `${checkedLine(JSON.stringify({ layout, value }))}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** What was written last, or undefined where there is no file, a damaged one, or one of another layout. */
export function readTmpfsFile(path: string): unknown {
  let line: string;
  try {
    line = readFileSync(path, "utf8").replace(/\n$/, "");
  } catch {
    return undefined;
  }
  const text = readCheckedLine(line);
  if (text === undefined) return undefined;
  const content = JSON.parse(text) as { layout?: unknown; value?: unknown };
  return content.layout === layout ? content.value : undefined;
}
