/**
 * Names of the guests that policy in force promises here, on the disk: for libvirt's hook while the agent does not answer. A
 * host refuses more than what it owns, also after a reboot at which its agent does not come up.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestId } from "@berth/claims";
import { reasonOf } from "../agent-error.ts";
import { writeFileAtomically } from "../state/atomic-file.ts";
import { checkedLine, readCheckedLine } from "../store/checked-line.ts";

/** What is found where the names should be. `absent` before policy was ever in force. */
export type PromisedGuestsReading =
  | { readonly kind: "known"; readonly guests: readonly GuestId[] }
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly why: string };

/** Where the names are. */
export function promisedGuestsPath(stateDir: string): string {
  return join(stateDir, "promised-guests");
}

/** Replaces the names. Throws what the file system throws. */
export function writePromisedGuests(stateDir: string, guests: readonly GuestId[]): void {
  writeFileAtomically(promisedGuestsPath(stateDir), `${checkedLine(JSON.stringify(guests))}\n`);
}

/** The names that were written last. Never throws. */
export function readPromisedGuests(stateDir: string): PromisedGuestsReading {
  let line: string;
  try {
    line = readFileSync(promisedGuestsPath(stateDir), "utf8").replace(/\n$/, "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "absent" };
    return { kind: "damaged", why: reasonOf(error) };
  }
  const text = readCheckedLine(line);
  if (text === undefined) return { kind: "damaged", why: "its checksum does not fit" };
  return { kind: "known", guests: JSON.parse(text) as readonly GuestId[] };
}
