import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Level } from "level";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { acquireFileLock, type FileLock } from "../state/file-lock.ts";
import { Journal, type JournalReading } from "./journal.ts";
import { LevelRecordStore } from "./level-record-store.ts";
import {
  decodeHead,
  type EntryChange,
  encodeHead,
  headKey,
  StoreContents,
  type StoreHead,
  storeSchema,
} from "./store-contents.ts";
import { foundStore, storePaths } from "./store-founding.ts";
import { readMarker, type StoreMarker } from "./store-marker.ts";

/** How long a second opener waits for the first to end. @default 2 s: a restart overlaps a little, a mistake lasts */
const lockWaitMs = 2_000;

/**
 * What level itself may keep in memory, bytes. Everything in the store is held by us already, so nothing is read twice.
 * @default a block's worth of cache and 1 MiB of newest writes, instead of 8 and 4 MiB: some thousand changes of claims
 */
const levelMemory = { cacheSize: 64 * 1024, writeBufferSize: 1024 * 1024 };

/**
 * Opens the store in the folder `path`, or founds one where that folder does not exist. What comes back was checked
 * whole: every record against its own sum, all of them against the head, the head against the journal outside level, which gives what level has not yet.
 *
 * @throws AgentError STORE_CORRUPT, STORE_SCHEMA, STORE_LOCKED, STORE_UNAVAILABLE
 */
export async function openRecordStore(path: string, options: { readonly waitMs?: number } = {}): Promise<RecordStore> {
  const lock = await lockStore(path, options.waitMs ?? lockWaitMs);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const founded = !existsSync(path);
    if (founded) await foundStore(path);
    const marker = await markerOf(path);
    const journal = await openJournal(path, marker);
    opened.push(journal);
    const level = await openLevel(path);
    opened.push(level);
    const contents = await readContents(path, level, marker);
    const replay = replayOf(contents, await journal.read());
    if (replay.kind === "damaged") throw corrupt(path, replay.why);
    // Before anything is appended: the half that comes next may hold what level had not.
    if (replay.changes.size > 0) await level.batch([...replay.changes.values(), headOf(contents)], { sync: true });
    return new LevelRecordStore({ path, level, journal, contents, lock, founded });
  } catch (error) {
    for (const part of opened) await part.close().catch(() => {});
    lock.release();
    throw error instanceof AgentError ? error : unavailable(path, error);
  }
}

async function lockStore(path: string, waitMs: number): Promise<FileLock> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await acquireFileLock(`${path}.lock`, waitMs);
  } catch (cause) {
    if (!(cause instanceof AgentError)) throw unavailable(path, cause);
    throw locked(path, cause);
  }
}

async function markerOf(path: string): Promise<StoreMarker> {
  const file = storePaths(path).marker;
  const reading = await readMarker(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw corrupt(path, `${file} is missing, so this is no store, or no longer one`);
    throw error;
  });
  if (reading.kind === "damaged") throw corrupt(path, `${file} is damaged: its checksum does not fit`);
  const { marker } = reading;
  if (marker.schema === storeSchema) return marker;
  throw new AgentError("STORE_SCHEMA", `${path} has layout ${marker.schema}, this release reads ${storeSchema}`, {
    remedy: "run the release that wrote it",
  });
}

async function openJournal(path: string, marker: StoreMarker): Promise<Journal> {
  return await Journal.open(storePaths(path).journals, marker.diskId).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? corrupt(path, `${error.path} is missing`) : error;
  });
}

type Replay =
  | { readonly kind: "replayed"; readonly changes: ReadonlyMap<string, EntryChange> }
  | { readonly kind: "damaged"; readonly why: string };

/** Brings what level had up to the journal's last commit, and returns what level has not. */
function replayOf(contents: StoreContents, reading: JournalReading): Replay {
  if (reading.kind === "damaged") return reading;
  const { entries, last } = reading;
  const changes = new Map<string, EntryChange>();
  const from = contents.commit;
  // By one a crash leaves level ahead: of a commit that was not acknowledged.
  if (from > last + 1) return { kind: "damaged", why: `the store is at commit ${from}, its journal only at ${last}` };
  for (let commit = from + 1; commit <= last; commit += 1) {
    const missing = entries.get(commit)?.changes;
    if (missing === undefined) {
      return { kind: "damaged", why: `commits ${commit} to ${last} are missing: what is left is an older state` };
    }
    const fault = contents.replay(commit, missing);
    if (fault !== undefined) return { kind: "damaged", why: fault };
    for (const change of missing) changes.set(change.key, change);
  }
  return { kind: "replayed", changes };
}

function headOf(contents: StoreContents): EntryChange {
  return { type: "put", key: headKey, value: encodeHead(contents.head()) };
}

async function openLevel(path: string): Promise<Level<string, string>> {
  const folder = storePaths(path).level;
  // Level would make a new, empty database where the folder is gone, if it were allowed to.
  const level = new Level<string, string>(folder, { createIfMissing: false, compression: false, ...levelMemory });
  try {
    await level.open();
    return level;
  } catch (error) {
    throw levelFailure(path, error);
  }
}

async function readContents(path: string, level: Level<string, string>, marker: StoreMarker): Promise<StoreContents> {
  const entries = await level
    .iterator()
    .all()
    .catch((error: unknown) => {
      throw levelFailure(path, error);
    });
  const headText = entries.find(([key]) => key === headKey)?.[1];
  if (headText === undefined) throw corrupt(path, "its head is missing");
  const head = decodeHead(headText);
  if (head === undefined) throw corrupt(path, "its head is damaged: the checksum does not fit");
  if (head.diskId !== marker.diskId) throw corrupt(path, "marker and records belong to different stores");
  const contents = new StoreContents({ diskId: marker.diskId, commit: head.commit });
  for (const [key, value] of entries) {
    const fault = key === headKey ? undefined : contents.restore(key, value);
    if (fault !== undefined) throw corrupt(path, fault);
  }
  const fault = differenceOf(head, contents.head());
  if (fault !== undefined) throw corrupt(path, fault);
  return contents;
}

function differenceOf(said: StoreHead, found: StoreHead): string | undefined {
  if (said.records !== found.records) return `${said.records} records were written, ${found.records} are left`;
  if (said.digest !== found.digest) return "a record is older than the last one written under its key";
  return undefined;
}

/** The kernel's words (strerror(3)) for a disk that cannot be used now; whatever else level says is about its files. */
const unusableWords =
  /no space left|quota exceeded|permission denied|read-only file system|too many open files|cannot allocate memory|input\/output error/i;

function levelFailure(path: string, error: unknown): AgentError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as { code?: unknown }).code;
  if (code === "LEVEL_LOCKED") return locked(path, error);
  const text = reasonOf(cause);
  return unusableWords.test(text) ? unavailable(path, cause) : corrupt(path, `level says: ${text}`, error);
}

function corrupt(path: string, why: string, cause?: unknown): AgentError {
  const message = `the store ${path} is damaged and not used: ${why}`;
  const remedy =
    `look after the disk; then move ${path} away, so that this host starts as one whose disk was wiped: its guests stop, ` +
    "it joins under a new incarnation, and a voter that lived here is replaced by a change of voters";
  return new AgentError("STORE_CORRUPT", message, cause === undefined ? { remedy } : { cause, remedy });
}

function locked(path: string, cause: unknown): AgentError {
  const message = `the store ${path} is open in another process: ${reasonOf(cause)}`;
  return new AgentError("STORE_LOCKED", message, {
    cause,
    remedy: "end the other agent, or give this one its own folder",
  });
}

function unavailable(path: string, cause: unknown): AgentError {
  const message = `the store ${path} cannot be opened: ${reasonOf(cause)}`;
  return new AgentError("STORE_UNAVAILABLE", message, {
    cause,
    remedy: "check that the disk has room, is writable, and that this user owns the folder",
  });
}
