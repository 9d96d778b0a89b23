import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Level } from "level";
import { Journal } from "./journal.ts";
import { encodeHead, headKey, StoreContents, storeSchema } from "./store-contents.ts";
import { writeMarker } from "./store-marker.ts";

/** The parts of a store's folder. */
export function storePaths(path: string): {
  readonly marker: string;
  /** Two files that say the same. */
  readonly journals: readonly string[];
  readonly level: string;
} {
  return {
    marker: join(path, "store.marker"),
    journals: [join(path, "journal.a"), join(path, "journal.b")],
    level: join(path, "level"),
  };
}

/**
 * Makes an empty store with a new disk id. It is built beside its place and renamed into it, so that a crash half-way
 * leaves no store and not half of one. The caller holds the store's lock. Throws what level or the file system throw.
 */
export async function foundStore(path: string): Promise<void> {
  const draft = `${path}.founding`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const diskId = randomUUID();
  const paths = storePaths(draft);
  const level = new Level<string, string>(paths.level, { errorIfExists: true, compression: false });
  await level.open();
  const head = new StoreContents({ diskId, commit: 0 }).head();
  await level.put(headKey, encodeHead(head), { sync: true });
  await level.close();
  await Journal.found(paths.journals);
  await writeMarker(paths.marker, { schema: storeSchema, diskId });
  await syncFolder(draft);
  await rename(draft, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
