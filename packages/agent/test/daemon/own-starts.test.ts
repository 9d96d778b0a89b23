import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OwnStarts, ownStartsPath } from "../../src/daemon/own-starts.ts";

let runDir = "";
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), "berth-own-starts-"));
});
afterEach(() => rmSync(runDir, { recursive: true }));

const lines = () => readFileSync(ownStartsPath(runDir), "utf8").split("\n").slice(0, -1);
const pid = String(process.pid);

test("a guest is on the list while it is being started, and not after, whatever became of it", async () => {
  const starts = new OwnStarts({ runDir });
  expect(lines()).toEqual([pid]);
  await starts.during("web1", async () => {
    expect(lines()).toEqual([pid, "web1"]);
    await starts.during("web2", async () => expect(lines()).toEqual([pid, "web1", "web2"]));
    expect(lines()).toEqual([pid, "web1"]);
  });
  expect(lines()).toEqual([pid]);
  const failed = starts.during("web1", () => Promise.reject(new Error("no memory")));
  await expect(failed).rejects.toThrow("no memory");
  expect(lines()).toEqual([pid]);
});

test("a name with a line break makes no second guest of it", async () => {
  const starts = new OwnStarts({ runDir });
  await starts.during("a\nweb1", async () => expect(lines()).toEqual([pid]));
});

test("a start that could not be written down is no start: a later one by hand must not pass as the agent's own", async () => {
  const starts = new OwnStarts({ runDir });
  const draft = `${ownStartsPath(runDir)}.new`;
  mkdirSync(draft);
  await expect(starts.during("web1", async () => expect.fail("it began"))).rejects.toMatchObject({ code: "EISDIR" });
  expect(starts.has("web1")).toBe(false);
  rmSync(draft, { recursive: true });
  await starts.during("web2", async () => expect(lines()).toEqual([pid, "web2"]));
});

test("a start that ended is none any more, although the list could not be written then", async () => {
  const starts = new OwnStarts({ runDir });
  const draft = `${ownStartsPath(runDir)}.new`;
  const done = starts.during("web1", async () => {
    mkdirSync(draft);
    return "started";
  });
  expect(await done).toBe("started");
  expect(starts.has("web1")).toBe(false);
  rmSync(draft, { recursive: true });
});
