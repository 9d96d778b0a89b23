/** What the journal before level is for: every acknowledged commit is in two files, until level has it. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import { describe, expect, it } from "vitest";
import { acquireFileLock } from "../src/state/file-lock.ts";
import { halfPages, Journal } from "../src/store/journal.ts";
import { encodeEntry, pageBytes, readEntries } from "../src/store/journal-entry.ts";
import { LevelRecordStore } from "../src/store/level-record-store.ts";
import { openRecordStore } from "../src/store/open-record-store.ts";
import { StoreContents } from "../src/store/store-contents.ts";
import { forgotten, identity, newPath, owned, sorted } from "./store-ground.ts";

const journals = (path: string) => [join(path, "journal.a"), join(path, "journal.b")];

/** A store after so many commits as a crash leaves it, with what it had acknowledged. */
async function crashedAfter(commits: number): Promise<{ readonly path: string; readonly expected: string[] }> {
  const original = newPath();
  const store = await openRecordStore(original);
  for (let i = 1; i <= commits; i += 1)
    await store.put([identity, owned(`web${i % 5}`, i), forgotten(`web${(i + 2) % 5}`)]);
  const path = newPath();
  cpSync(original, path, { recursive: true });
  const expected = sorted(store.load());
  await store.close();
  return { path, expected };
}

async function recordsOf(path: string): Promise<string[]> {
  const store = await openRecordStore(path);
  const found = sorted(store.load());
  await store.close();
  return found;
}

/** Makes the last `count` entries of a journal unreadable. */
function forgetLast(file: string, count: number): void {
  const bytes = readFileSync(file);
  const diskId = diskIdOf(file);
  const entries = [...readEntries(bytes, diskId)].sort((a, b) => b.entry.commit - a.entry.commit);
  for (const { page } of entries.slice(0, count)) bytes.fill(0, page * pageBytes, (page + 1) * pageBytes);
  writeFileSync(file, bytes);
}

function diskIdOf(file: string): string {
  return (JSON.parse(readFileSync(join(file, "..", "store.marker"), "utf8").slice(9)) as { diskId: string }).diskId;
}

describe("the journal", () => {
  it.each([1, halfPages - 1, halfPages, halfPages + 1, 2 * halfPages, 2 * halfPages + 1, 5 * halfPages + 7])(
    "has every acknowledged commit after a crash that follows commit %i",
    async (commits) => {
      const { path, expected } = await crashedAfter(commits);
      expect(await recordsOf(path)).toEqual(expected);
      // And once more, after an orderly end and a start in which there was nothing to bring back.
      expect(await recordsOf(path)).toEqual(expected);
    },
  );

  it("goes on after crashes without ever writing over the latest commit", async () => {
    const path = newPath();
    for (let round = 1; round <= 6; round += 1) {
      const store = await openRecordStore(round === 1 ? path : `${path}.${round}`);
      for (let i = 0; i < 40; i += 1) await store.put([owned("web1", round * 100 + i)]);
      cpSync(round === 1 ? path : `${path}.${round}`, `${path}.${round + 1}`, { recursive: true });
      await store.close();
      const copy = `${path}.${round + 1}`;
      expect(await recordsOf(copy)).toEqual(sorted([owned("web1", round * 100 + 39)]));
    }
  });

  it.each([0, 1])("is believed where only one of its two files is readable (%i)", async (lost) => {
    const { path, expected } = await crashedAfter(halfPages + 9);
    const file = journals(path)[lost] ?? "";
    writeFileSync(file, Buffer.alloc(readFileSync(file).length));
    expect(await recordsOf(path)).toEqual(expected);
  });

  it("brings back what level lost, and the store is refused where it cannot", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    await store.put([owned("web1", 1)]);
    await store.close();
    cpSync(join(path, "level"), `${path}.old`, { recursive: true });
    const putBack = () => {
      rmSync(join(path, "level"), { recursive: true });
      cpSync(`${path}.old`, join(path, "level"), { recursive: true });
    };
    const later = await openRecordStore(path);
    await later.put([owned("web1", 2)]);
    await later.close();
    putBack();
    expect(await recordsOf(path)).toEqual(sorted([owned("web1", 2)]));
    const muchLater = await openRecordStore(path);
    for (let epoch = 3; epoch < 3 * halfPages; epoch += 1) await muchLater.put([owned("web1", epoch)]);
    await muchLater.close();
    putBack();
    await expect(openRecordStore(path)).rejects.toThrow(/commits 2 to \d+ are missing: what is left is an older state/);
  });

  it("is allowed to be one commit behind level, which a crash leaves behind, and not two", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    for (let epoch = 1; epoch <= 10; epoch += 1) await store.put([owned("web1", epoch)]);
    await store.close();
    for (const file of journals(path)) forgetLast(file, 1);
    expect(await recordsOf(path)).toEqual(sorted([owned("web1", 10)]));
    for (const file of journals(path)) forgetLast(file, 1);
    await expect(openRecordStore(path)).rejects.toThrow("the store is at commit 10, its journal only at 8");
  });

  it("takes an entry of which a write was torn for none: it was not acknowledged", async () => {
    const { path } = await crashedAfter(3);
    for (const file of journals(path)) {
      const bytes = readFileSync(file);
      const last = readEntries(bytes, diskIdOf(file)).find(({ entry }) => entry.commit === 3);
      bytes.fill(0, (last?.page ?? 0) * pageBytes + 40, ((last?.page ?? 0) + 1) * pageBytes);
      writeFileSync(file, bytes);
    }
    const two = await crashedAfter(2);
    expect((await recordsOf(path)).length).toBe(two.expected.length);
  });

  it("hands a batch to level that is bigger than half of it, alone and between small ones", async () => {
    const original = newPath();
    const store = await openRecordStore(original);
    await store.put([owned("web1", 1)]);
    const many = Array.from({ length: 3_000 }, (_, index) => owned(`many${index}`, 7));
    await store.put(many);
    const between = newPath();
    cpSync(original, between, { recursive: true });
    expect(await recordsOf(between)).toEqual(sorted([owned("web1", 1), ...many]));
    for (let epoch = 2; epoch < 90; epoch += 1) await store.put([owned("web1", epoch)]);
    await store.put(many.map((_, index) => forgotten(`many${index}`)));
    const after = newPath();
    cpSync(original, after, { recursive: true });
    await store.close();
    expect(await recordsOf(after)).toEqual(sorted([owned("web1", 89)]));
  });

  it("has all of it where level refuses what it is given while the store is closed", async () => {
    const path = newPath();
    await (await openRecordStore(path)).close();
    const diskId = diskIdOf(join(path, "store.marker"));
    const level = new Level<string, string>(join(path, "level"), { createIfMissing: false });
    await level.open();
    const batch = level.batch.bind(level);
    const refused = Promise.withResolvers<void>();
    let batches = 0;
    // Only the first one fails, as on a disk that gets room again.
    level.batch = ((...words: Parameters<typeof batch>) => {
      batches += 1;
      return batches === 1 ? refused.promise : batch(...words);
    }) as typeof level.batch;
    const journal = await Journal.open(journals(path), diskId);
    const contents = new StoreContents({ diskId, commit: 0 });
    const lock = await acquireFileLock(`${path}.lock`, 0);
    const store = new LevelRecordStore({ path, level, journal, contents, lock, founded: false });
    for (let epoch = 1; epoch <= halfPages + 5; epoch += 1) await store.put([owned(`web${epoch}`, epoch)]);
    expect(batches).toBe(1);
    const expected = sorted(store.load());
    const closing = store.close();
    refused.reject(new Error("no space left"));
    await closing;
    expect(await recordsOf(path)).toEqual(expected);
  });

  it("reads no entry of another store, and none that is damaged", () => {
    const entry = { commit: 4, changes: [{ type: "del", key: "r/owned/web1" }] } as const;
    const file = Buffer.alloc(3 * pageBytes);
    encodeEntry(entry, "disk").copy(file, pageBytes);
    expect(readEntries(file, "disk")).toEqual([{ page: 1, entry }]);
    expect(readEntries(file, "other")).toEqual([]);
    file[pageBytes + 12] = (file[pageBytes + 12] ?? 0) ^ 1;
    expect(readEntries(file, "disk")).toEqual([]);
  });
});
