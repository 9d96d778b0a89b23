/** What a damaged store does: it is refused or whole, and never an older state or an empty one. */
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import { describe, expect, it } from "vitest";
import { AgentError } from "../src/agent-error.ts";
import { openRecordStore } from "../src/store/open-record-store.ts";
import { forgotten, identity, newPath, owned, sorted } from "./store-ground.ts";

/** 220 commits; the copy is of the store as a crash leaves it: the last ones in the journal only. */
async function crashedStore(): Promise<{ readonly path: string; readonly expected: string[] }> {
  const original = newPath();
  const first = await openRecordStore(original);
  for (let i = 0; i < 20; i += 1) await first.put([identity, owned(`early${i}`, i)]);
  await first.close();
  const second = await openRecordStore(original);
  for (let i = 0; i < 200; i += 1) await second.put([owned(`late${i % 30}`, i), forgotten(`early${i % 7}`)]);
  const expected = sorted(second.load());
  const path = newPath();
  cpSync(original, path, { recursive: true });
  await second.close();
  return { path, expected };
}

function dataFiles(path: string): string[] {
  return [
    join(path, "store.marker"),
    join(path, "journal.a"),
    join(path, "journal.b"),
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
    const pristine = (await keysByLevelAlone(path)) ?? 0;
    const outcomes = { whole: 0, refused: 0, olderWithoutTheGuards: 0 };
    for (let round = 0; round < 80; round += 1) {
      const copy = newPath();
      cpSync(path, copy, { recursive: true });
      const files = dataFiles(copy);
      const file = files[Math.floor(random() * files.length)] ?? "";
      if (!flipByte(file, random)) continue;
      const alone = file.endsWith(".log") ? await keysByLevelAlone(copy) : undefined;
      if (alone !== undefined && alone < pristine) outcomes.olderWithoutTheGuards += 1;
      outcomes[await wholeOrRefused(copy, expected, `seed ${seed}, round ${round}, ${file}`)] += 1;
      rmSync(copy, { recursive: true });
    }
    expect(outcomes.refused).toBeGreaterThan(10);
    // What the journal and the sums are there for: level alone opens such a store and says nothing.
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

/** Entries of a copy that is opened by level alone, as if there were no guards; undefined when it does not open. */
async function keysByLevelAlone(path: string): Promise<number | undefined> {
  const copy = `${path}.alone`;
  cpSync(join(path, "level"), copy, { recursive: true });
  const level = new Level<string, string>(copy, { createIfMissing: false });
  try {
    await level.open();
    return (await level.keys().all()).length;
  } catch {
    return undefined;
  } finally {
    await level.close();
    rmSync(copy, { recursive: true });
  }
}
