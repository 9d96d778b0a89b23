/**
 * Names of the guests that policy in force promises here, in tmpfs: for libvirt's hook while the agent does not answer. The
 * list of owned guests lives longer, but a host may refuse more than what it owns.
 */
import { join } from "node:path";
import type { GuestId } from "@berth/claims";
import { readTmpfsFile, replaceTmpfsFile } from "../dead-man/tmpfs-file.ts";

/** Where the names are. */
export function promisedGuestsPath(runDir: string): string {
  return join(runDir, "promised-guests");
}

/** Replaces the names. Throws what the file system throws. */
export function writePromisedGuests(runDir: string, guests: readonly GuestId[]): void {
  replaceTmpfsFile(promisedGuestsPath(runDir), guests);
}

/** The names that were written last in this boot; none where there is no such file. */
export function readPromisedGuests(runDir: string): readonly GuestId[] {
  const names = readTmpfsFile(promisedGuestsPath(runDir));
  return Array.isArray(names) ? names.filter((name): name is GuestId => typeof name === "string") : [];
}
