/**
 * A small file with the names of guests, for processes that cannot ask the agent: one line with its checksum, replaced as a whole.
 */
import { readFileSync } from "node:fs";
import type { GuestId } from "@berth/claims";
import { reasonOf } from "../agent-error.ts";
import { writeFileAtomically } from "../state/atomic-file.ts";
import { checkedLine, readCheckedLine } from "./checked-line.ts";

/** What is found where the names should be. `absent` before they were ever written. */
export type GuestNamesReading =
  | { readonly kind: "known"; readonly guests: readonly GuestId[] }
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly why: string };

/** Reads the names. Never throws: whoever reads goes on without them. */
export function readGuestNames(path: string): GuestNamesReading {
  let line: string;
  try {
    line = readFileSync(path, "utf8").replace(/\n$/, "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "absent" };
    return { kind: "damaged", why: reasonOf(error) };
  }
  const text = readCheckedLine(line);
  if (text === undefined) return { kind: "damaged", why: "its checksum does not fit" };
  return { kind: "known", guests: JSON.parse(text) as readonly GuestId[] };
}

/** Replaces the names. Throws what the file system throws. */
export function writeGuestNames(path: string, guests: readonly GuestId[]): void {
  writeFileAtomically(path, `${checkedLine(JSON.stringify(guests))}\n`);
}
