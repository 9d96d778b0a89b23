import { readFileSync } from "node:fs";

/** The text of a file of the system that may be absent: a host without it simply lacks that fact. */
export function readTextOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
