import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DurableRecord } from "@berth/claims";
import { Level } from "level";
import { afterAll, describe, expect, it } from "vitest";
import { AgentError } from "../src/agent-error.ts";
import { judgeSlots } from "../src/store/commit-counter.ts";
import { openRecordStore } from "../src/store/open-record-store.ts";
import { ownedGuestsPath, readOwnedGuests, withOwnedGuestsFile } from "../src/store/owned-guests-file.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stores = 0;
function newPath(): string {
  stores += 1;
  return join(folder, `${stores}`, "store");
}

function owned(guest: string, epoch: number): DurableRecord {
  return { kind: "owned", guest, value: { inc: 1, epoch, runId: `h1/1/${epoch}`, by: "quorum" } };
}

function forgotten(guest: string): DurableRecord {
  return { kind: "owned", guest, value: null };
}

const identity: DurableRecord = { kind: "identity", value: { inc: 3, nonce: "n", bootId: "b", life: 7 } };

/** In an order of their own, so that two states can be compared. */
function sorted(records: readonly DurableRecord[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort();
}

async function codeOf(opening: Promise<unknown>): Promise<string> {
  return await opening.then(
    () => "opened",
    (error: unknown) => (error instanceof AgentError ? error.code : String(error)),
  );
}

/** Forty commits; the copy is of the store as a crash leaves it: the last ones in level's log only. */
async function crashedStore(): Promise<{ readonly path: string; readonly expected: string[] }> {
  const original = newPath();
  const first = await openRecordStore(original);
  for (let i = 0; i < 20; i += 1) await first.put([identity, owned(`early${i}`, i)]);
  await first.close();
  const second = await openRecordStore(original);
  for (let i = 0; i < 20; i += 1) await second.put([owned(`late${i}`, i), forgotten(`early${i % 7}`)]);
  const expected = sorted(second.load());
  const path = newPath();
  cpSync(original, path, { recursive: true });
  await second.close();
  return { path, expected };
}

function dataFiles(path: string): string[] {
  return [
    join(path, "store.marker"),
    join(path, "commits"),
    ...readdirSync(join(path, "level")).map((name) => join(path, "level", name)),
  ];
}

/** A small generator, so that a failure can be repeated: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function flipByte(file: string, random: () => number): boolean {
  const bytes = readFileSync(file);
  if (bytes.length === 0) return false;
  const at = Math.floor(random() * bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  writeFileSync(file, bytes);
  return true;
}

/** The whole latest state, or a refusal: what it did. Anything else fails the test. */
async function wholeOrRefused(path: string, expected: readonly string[], what: string): Promise<"whole" | "refused"> {
  try {
    const store = await openRecordStore(path, { waitMs: 0 });
    const found = sorted(store.load());
    await store.close();
    expect(found, what).toEqual(expected);
    return "whole";
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    expect(error.code, `${what}: ${error.message}`).toBe("STORE_CORRUPT");
    expect(error.message).toContain(path);
    expect(error.remedy).toContain("move");
    return "refused";
  }
}

describe("the store of durable records", () => {
  it("gives back the latest record of each key after it was closed, and none that was deleted", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    expect(store.founded).toBe(true);
    await store.put([identity, owned("web1", 1), owned("web2", 1)]);
    await store.put([owned("web1", 2), forgotten("web2"), { kind: "draining", value: true }]);
    await store.close();
    const again = await openRecordStore(path);
    expect(sorted(again.load())).toEqual(sorted([identity, owned("web1", 2), { kind: "draining", value: true }]));
    expect({ founded: again.founded, diskId: again.diskId }).toEqual({ founded: false, diskId: store.diskId });
    await again.close();
  });

  it("takes the last of two records with one key in a batch", async () => {
    const store = await openRecordStore(newPath());
    await store.put([owned("web1", 1), owned("web1", 2)]);
    await store.put([owned("web3", 1), forgotten("web3")]);
    expect(store.load()).toEqual([owned("web1", 2)]);
    await store.close();
  });

  it("keeps the order of batches that are written at the same time", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    await Promise.all(Array.from({ length: 200 }, (_, epoch) => store.put([owned("web1", epoch)])));
    await store.close();
    const again = await openRecordStore(path);
    expect(again.load()).toEqual([owned("web1", 199)]);
    await again.close();
  });

  it("calls a disk whose store was removed another disk", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    await store.put([identity]);
    await store.close();
    rmSync(path, { recursive: true });
    const wiped = await openRecordStore(path);
    expect(wiped.founded).toBe(true);
    expect(wiped.diskId).not.toBe(store.diskId);
    expect(wiped.load()).toEqual([]);
    await wiped.close();
  });

  it("tells an emptied store, which it opens, from one that lost its records, which it refuses", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    await store.put([owned("web1", 1)]);
    await store.put([forgotten("web1")]);
    await store.close();
    const again = await openRecordStore(path);
    expect({ records: again.load(), founded: again.founded }).toEqual({ records: [], founded: false });
    await again.close();
    rmSync(join(path, "level"), { recursive: true });
    expect(await codeOf(openRecordStore(path))).toBe("STORE_CORRUPT");
    rmSync(join(path, "level"), { recursive: true, force: true });
    mkdirSync(join(path, "level"));
    expect(await codeOf(openRecordStore(path))).toBe("STORE_CORRUPT");
  });

  it("refuses an empty folder in its place: a mount that failed looks like that", async () => {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    expect(await codeOf(openRecordStore(path))).toBe("STORE_CORRUPT");
  });

  it("refuses a store whose earlier copy was put back beside the present counter", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    await store.put([owned("web1", 1)]);
    await store.close();
    cpSync(join(path, "level"), `${path}.old`, { recursive: true });
    const later = await openRecordStore(path);
    await later.put([owned("web1", 2)]);
    await later.close();
    rmSync(join(path, "level"), { recursive: true });
    cpSync(`${path}.old`, join(path, "level"), { recursive: true });
    await expect(openRecordStore(path)).rejects.toThrow("commits 2 to 2 are missing: what is left is an older state");
  });

  it("refuses level's files of another store", async () => {
    const [path, other] = [newPath(), newPath()];
    await (await openRecordStore(path)).close();
    await (await openRecordStore(other)).close();
    rmSync(join(path, "level"), { recursive: true });
    cpSync(join(other, "level"), join(path, "level"), { recursive: true });
    await expect(openRecordStore(path)).rejects.toThrow("belong to different stores");
  });

  it("refuses a store of a later layout without calling it damaged", async () => {
    const path = newPath();
    await (await openRecordStore(path)).close();
    const { writeMarker } = await import("../src/store/store-marker.ts");
    rmSync(join(path, "store.marker"));
    await writeMarker(join(path, "store.marker"), { schema: 2, diskId: "d" });
    expect(await codeOf(openRecordStore(path))).toBe("STORE_SCHEMA");
  });

  it("is opened once at a time, also within one process, and writes nothing after it was closed", async () => {
    const path = newPath();
    const store = await openRecordStore(path);
    expect(await codeOf(openRecordStore(path, { waitMs: 0 }))).toBe("STORE_LOCKED");
    await store.close();
    await store.close();
    expect(await codeOf(store.put([identity]))).toBe("STORE_CLOSED");
  });

  it("founds anew what a crash left half founded", async () => {
    const path = newPath();
    mkdirSync(`${path}.founding/level`, { recursive: true });
    writeFileSync(`${path}.founding/level/CURRENT`, "half");
    const store = await openRecordStore(path);
    expect(store.founded).toBe(true);
    await store.close();
  });
});

/** Changes entries of a closed store by level alone, as no damage of level's own files could. */
async function editEntries(path: string, edit: (level: Level<string, string>) => Promise<void>): Promise<void> {
  const level = new Level<string, string>(join(path, "level"), { createIfMissing: false });
  await level.open();
  await edit(level);
  await level.close();
}

describe("a store whose entries were changed", () => {
  async function closedStore(): Promise<{ readonly path: string; readonly firstWeb1: string }> {
    const path = newPath();
    const store = await openRecordStore(path);
    await store.put([owned("web1", 1), owned("web2", 1)]);
    await store.close();
    let firstWeb1 = "";
    await editEntries(path, async (level) => {
      firstWeb1 = (await level.get("r/owned/web1")) ?? "";
    });
    const again = await openRecordStore(path);
    await again.put([owned("web1", 2)]);
    await again.close();
    return { path, firstWeb1 };
  }

  it("names the record that is damaged", async () => {
    const { path } = await closedStore();
    await editEntries(path, async (level) => {
      const value = (await level.get("r/owned/web2")) ?? "";
      await level.put("r/owned/web2", value.replace('"epoch":1', '"epoch":7'));
    });
    await expect(openRecordStore(path)).rejects.toThrow('the record "r/owned/web2" is damaged');
  });

  it("counts the records that are gone, and does not take a record for another one", async () => {
    const { path } = await closedStore();
    await editEntries(path, (level) => level.del("r/owned/web2"));
    await expect(openRecordStore(path)).rejects.toThrow("2 records were written, 1 are left");
    await editEntries(path, async (level) => level.put("r/owned/web2", (await level.get("r/owned/web1")) ?? ""));
    await expect(openRecordStore(path)).rejects.toThrow('"r/owned/web2" is damaged');
  });

  it("notices a record that is sound, but older than the last one of its key", async () => {
    const { path, firstWeb1 } = await closedStore();
    await editEntries(path, (level) => level.put("r/owned/web1", firstWeb1));
    await expect(openRecordStore(path)).rejects.toThrow("older than the last one written under its key");
  });
});

describe("a damaged store", () => {
  it("is refused or whole, never an older state, wherever one bit flips", async () => {
    const { path, expected } = await crashedStore();
    const seed = 20_261;
    const random = randomFrom(seed);
    const outcomes = { whole: 0, refused: 0, olderWithoutTheGuards: 0 };
    for (let round = 0; round < 80; round += 1) {
      const copy = newPath();
      cpSync(path, copy, { recursive: true });
      const files = dataFiles(copy);
      const file = files[Math.floor(random() * files.length)] ?? "";
      if (!flipByte(file, random)) continue;
      if (file.endsWith(".log") && (await levelAloneLoses(copy, expected.length))) outcomes.olderWithoutTheGuards += 1;
      outcomes[await wholeOrRefused(copy, expected, `seed ${seed}, round ${round}, ${file}`)] += 1;
      rmSync(copy, { recursive: true });
    }
    expect(outcomes.refused).toBeGreaterThan(10);
    // What the counter and the sums are there for: level alone opens such a store and says nothing.
    expect(outcomes.olderWithoutTheGuards).toBeGreaterThan(0);
  });

  it("is refused or whole wherever a file is cut off, and whichever file is gone", async () => {
    const { path, expected } = await crashedStore();
    const random = randomFrom(4);
    const count = dataFiles(path).length;
    for (let round = 0; round < 4 * count; round += 1) {
      const copy = newPath();
      cpSync(path, copy, { recursive: true });
      const file = dataFiles(copy)[round % count] ?? "";
      const size = readFileSync(file).length;
      if (round < count) rmSync(file);
      else truncateSync(file, Math.floor(random() * size));
      await wholeOrRefused(copy, expected, `round ${round}: ${file}`);
    }
  });
});

/** Opens a copy by level alone, as if there were no guards: true when it opens and records are missing. */
async function levelAloneLoses(path: string, records: number): Promise<boolean> {
  const copy = `${path}.alone`;
  cpSync(join(path, "level"), copy, { recursive: true });
  const level = new Level<string, string>(copy, { createIfMissing: false });
  try {
    await level.open();
    return (await level.keys().all()).length < records + 1;
  } catch {
    return false;
  } finally {
    await level.close();
    rmSync(copy, { recursive: true });
  }
}

describe("the commit counter", () => {
  it.each<[string, number | undefined, number | undefined, number, "ok" | "damaged"]>([
    ["a new store", 0, 0, 0, "ok"],
    ["the first commit, then a crash before its number", 0, 0, 1, "ok"],
    ["an ordinary end", 8, 7, 8, "ok"],
    ["a crash between commit and number", 8, 7, 9, "ok"],
    ["a number torn by a power cut: its commit was already there", 8, undefined, 9, "ok"],
    ["a damaged older number", 8, undefined, 8, "damaged"],
    ["a lost commit under a torn number", undefined, 7, 7, "damaged"],
    ["one lost commit", 8, 7, 7, "damaged"],
    ["many lost commits", 8, 7, 2, "damaged"],
    ["numbers that never follow each other", 8, 5, 8, "damaged"],
    ["a store ahead of its number", 8, 7, 10, "damaged"],
    ["no number at all", undefined, undefined, 0, "damaged"],
  ])("judges %s", (_case, a, b, head, verdict) => {
    expect(judgeSlots(a, b, head).kind).toBe(verdict);
  });
});

describe("the list of owned guests for the dead-man", () => {
  it("follows the store, and is there again after the next opening", async () => {
    const path = newPath();
    const list = ownedGuestsPath(join(path, ".."));
    const store = withOwnedGuestsFile(await openRecordStore(path), list);
    expect(readOwnedGuests(list)).toEqual({ kind: "known", guests: [] });
    await store.put([owned("web2", 1), owned("web1", 1), identity]);
    expect(readOwnedGuests(list)).toEqual({ kind: "known", guests: ["web1", "web2"] });
    await store.put([forgotten("web1")]);
    await store.close();
    rmSync(list);
    expect(readOwnedGuests(list)).toEqual({ kind: "absent" });
    const again = withOwnedGuestsFile(await openRecordStore(path), list);
    expect(readOwnedGuests(list)).toEqual({ kind: "known", guests: ["web2"] });
    await again.close();
  });

  it("is called damaged, not empty, when it is not what was written", () => {
    const list = join(folder, "damaged-list");
    writeFileSync(list, `00000000 ["web1"]\n`);
    expect(readOwnedGuests(list)).toMatchObject({ kind: "damaged" });
  });
});
