/**
 * The names of the guests that this host owns, in a small file that the dead-man can read while the agent has the store
 * open. It matters after a reboot: the dead-man's feed is gone with the tmpfs, and a guest that something started before
 * the agent must be stopped all the same.
 */
import { join } from "node:path";
import type { DurableRecord, GuestId } from "@berth/claims";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { type GuestNamesReading, readGuestNames, writeGuestNames } from "./guest-names-file.ts";

/** Where the list lives. */
export function ownedGuestsPath(stateDir: string): string {
  return join(stateDir, "owned-guests");
}

/** Reads the list. Never throws: the dead-man goes on without it. */
export function readOwnedGuests(path: string): GuestNamesReading {
  return readGuestNames(path);
}

/**
 * The same store, with the list kept up to date: on disk before a `put` that adds an owned guest returns, so before that
 * guest is started.
 * @throws AgentError STORE_UNAVAILABLE when the list cannot be written; `put` then throws STORE_WRITE_FAILED
 */
export function withOwnedGuestsFile(store: RecordStore, path: string): RecordStore {
  const owned = new Set(store.load().flatMap(ownedGuest));
  writeList(path, owned, "STORE_UNAVAILABLE");
  return {
    diskId: store.diskId,
    founded: store.founded,
    load: () => store.load(),
    close: () => store.close(),
    async put(batch) {
      await store.put(batch);
      if (takeChanges(owned, batch)) writeList(path, owned, "STORE_WRITE_FAILED");
    },
  };
}

function ownedGuest(record: DurableRecord): GuestId[] {
  return record.kind === "owned" && record.value !== null ? [record.guest] : [];
}

function takeChanges(owned: Set<GuestId>, batch: readonly DurableRecord[]): boolean {
  let changed = false;
  for (const record of batch) {
    if (record.kind !== "owned" || owned.has(record.guest) === (record.value !== null)) continue;
    if (record.value === null) owned.delete(record.guest);
    else owned.add(record.guest);
    changed = true;
  }
  return changed;
}

function writeList(path: string, owned: ReadonlySet<GuestId>, code: "STORE_UNAVAILABLE" | "STORE_WRITE_FAILED"): void {
  try {
    writeGuestNames(path, [...owned].sort());
  } catch (cause) {
    const message = `the list of owned guests ${path} cannot be written: ${reasonOf(cause)}`;
    throw new AgentError(code, message, { cause, remedy: "mend the disk or make room on it, then start again" });
  }
}
