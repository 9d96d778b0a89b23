/**
 * Names of the guests that policy in force promises here, on the disk: for libvirt's hook while the agent does not answer. A
 * host refuses more than what it owns, also after a reboot at which its agent does not come up.
 */
import { join } from "node:path";
import type { GuestId } from "@berth/claims";
import { type GuestNamesReading, readGuestNames, writeGuestNames } from "../store/guest-names-file.ts";

/** Where the names are. */
export function promisedGuestsPath(stateDir: string): string {
  return join(stateDir, "promised-guests");
}

/** Replaces the names. Throws what the file system throws. */
export function writePromisedGuests(stateDir: string, guests: readonly GuestId[]): void {
  writeGuestNames(promisedGuestsPath(stateDir), guests);
}

/** The names that were written last. Never throws. */
export function readPromisedGuests(stateDir: string): GuestNamesReading {
  return readGuestNames(promisedGuestsPath(stateDir));
}
