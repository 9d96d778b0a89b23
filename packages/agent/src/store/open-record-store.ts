import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Level } from "level";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { acquireFileLock, type FileLock } from "../state/file-lock.ts";
import { CommitCounter } from "./commit-counter.ts";
import { LevelRecordStore } from "./level-record-store.ts";
import { decodeHead, headKey, StoreContents, type StoreHead, storeSchema } from "./store-contents.ts";
import { foundStore, storePaths } from "./store-founding.ts";
import { readMarker, type StoreMarker } from "./store-marker.ts";

/** How long a second opener waits for the first to end. @default 2 s: a restart overlaps a little, a mistake lasts */
const lockWaitMs = 2_000;

/**
 * Opens the store in the folder `path`, or founds one where that folder does not exist. What comes back was checked
 * whole: every record against its own sum, all of them against the head, the head against the counter outside level.
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
    const counter = await openCounter(path, marker);
    opened.push(counter);
    const level = await openLevel(path);
    opened.push(level);
    const contents = await readContents(path, level, marker);
    const verdict = await counter.check(contents.commit);
    if (verdict.kind === "damaged") throw corrupt(path, verdict.why);
    return new LevelRecordStore({ path, level, counter, contents, lock, founded });
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

async function openCounter(path: string, marker: StoreMarker): Promise<CommitCounter> {
  const file = storePaths(path).counter;
  return await CommitCounter.open(file, marker.diskId).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? corrupt(path, `${file} is missing`) : error;
  });
}

async function openLevel(path: string): Promise<Level<string, string>> {
  const folder = storePaths(path).level;
  // Level would make a new, empty database where the folder is gone, if it were allowed to.
  const level = new Level<string, string>(folder, { createIfMissing: false, compression: false });
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
