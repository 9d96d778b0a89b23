/** The store of durable records: what it gives back, what it refuses to open, and the list that it keeps for the dead-man. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openRecordStore } from "../src/store/open-record-store.ts";
import { ownedGuestsPath, readOwnedGuests, withOwnedGuestsFile } from "../src/store/owned-guests-file.ts";
import { codeOf, forgotten, identity, newPath, owned, sorted, storesFolder } from "./store-ground.ts";

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
    await writeMarker(join(path, "store.marker"), { schema: 99, diskId: "d" });
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
    const list = join(storesFolder, "damaged-list");
    writeFileSync(list, `00000000 ["web1"]\n`);
    expect(readOwnedGuests(list)).toMatchObject({ kind: "damaged" });
  });
});
