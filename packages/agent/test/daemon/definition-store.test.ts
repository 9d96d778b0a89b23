import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DefinitionStore, definitionsPath } from "../../src/definitions/definition-store.ts";

let stateDir = "";
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "berth-definitions-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const definition = (epoch: number, xml: string, applied = false) => ({ guest: "db1", uuid: "u", epoch, xml, applied });

describe("kept definitions", () => {
  test("outlive the process", async () => {
    await new DefinitionStore({ stateDir }).offer(definition(3, "<domain/>"), false);
    expect(new DefinitionStore({ stateDir }).get("db1")).toEqual(definition(3, "<domain/>"));
  });

  test("are replaced by those of a higher epoch only", async () => {
    const store = new DefinitionStore({ stateDir });
    expect(await store.offer(definition(3, "<a/>"), false)).toBe(true);
    expect(await store.offer(definition(2, "<b/>"), true)).toBe(false);
    expect(await store.offer(definition(4, "<c/>"), false)).toBe(true);
    expect(store.get("db1")?.xml).toBe("<c/>");
  });

  test("of the same epoch change by their owner's word, and by nobody else's", async () => {
    const store = new DefinitionStore({ stateDir });
    await store.offer(definition(3, "<old/>"), false);
    expect(await store.offer(definition(3, "<stale/>"), false)).toBe(false);
    expect(await store.offer(definition(3, "<new/>"), true)).toBe(true);
    expect(store.get("db1")?.xml).toBe("<new/>");
  });

  test("are marked once the hypervisor has them, but not when a newer one came meanwhile", async () => {
    const store = new DefinitionStore({ stateDir });
    await store.offer(definition(3, "<a/>"), false);
    const first = store.get("db1");
    await store.offer(definition(4, "<b/>"), false);
    if (first !== undefined) await store.markApplied(first);
    expect(store.get("db1")).toEqual(definition(4, "<b/>"));
    const second = store.get("db1");
    if (second !== undefined) await store.markApplied(second);
    expect(new DefinitionStore({ stateDir }).get("db1")?.applied).toBe(true);
  });

  test("that are damaged are named and not used, and the others are", async () => {
    const store = new DefinitionStore({ stateDir });
    await store.offer(definition(3, "<a/>"), false);
    await store.offer({ ...definition(3, "<a/>"), guest: "db2" }, false);
    const file = join(definitionsPath(stateDir), readdirSync(definitionsPath(stateDir)).sort()[0] ?? "");
    writeFileSync(file, readFileSync(file, "utf8").replace("<a/>", "<b/>"));
    const opened = new DefinitionStore({ stateDir });
    expect(opened.damaged).toMatchObject([{ file }]);
    expect([opened.get("db1"), opened.get("db2")?.xml]).toEqual([undefined, "<a/>"]);
  });

  test("of a guest whose name looks like a path stay in their folder", async () => {
    const store = new DefinitionStore({ stateDir });
    await store.offer({ ...definition(1, "<a/>"), guest: "../../etc/passwd" }, false);
    expect(readdirSync(stateDir)).toEqual(["definitions"]);
    expect(new DefinitionStore({ stateDir }).get("../../etc/passwd")?.xml).toBe("<a/>");
  });
});
