/** What the journal still knows after a restart, a crash, a damaged file, and a step of the wall clock. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Journal, type JournalParts } from "../../src/daemon/journal.ts";
import { EventFile, type KeptEvent } from "../../src/logging/event-file.ts";
import { keptLog } from "../api/shown-agent.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-journal-"));
  path = join(folder, "events.jsonl");
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** 12:00 on some day, an hour after boot. */
const noonMs = Date.UTC(2026, 4, 17, 12);
const hourMs = 3_600_000;

function open(change: Partial<JournalParts> = {}): Journal {
  const { log } = keptLog();
  return new Journal({ log, path, bootId: "boot-1", bootMs: () => hourMs, wallMs: () => noonMs, ...change });
}

const note = (text: string) => ({ level: "info", code: "NOTE", text }) as const;
const texts = (journal: Journal, id = 0, sinceMs?: number) => journal.since(id, sinceMs).map(({ text }) => text);

describe("a journal", () => {
  it("tells what earlier lives wrote before what this one does, each with its life and with growing numbers", async () => {
    const first = open();
    first.write(note("a"));
    first.write(note("b"));
    await first.close();
    const second = open();
    second.write(note("c"));
    await second.close();
    const told = open().since(0);
    expect(told.map(({ life, text }) => `${life} ${text}`)).toEqual(["1 a", "1 b", "2 c"]);
    expect(told.map(({ id }) => id)).toEqual([1, 2, 1001]);
    expect(Object.keys(told[0] ?? {}).sort()).toEqual(["at", "code", "id", "level", "life", "text"]);
  });

  it("gives no number twice although a crash took the last entries from the disk", async () => {
    const first = open();
    first.write(note("a"));
    await first.close();
    const { size } = statSync(path);
    first.write(note("seen by somebody"));
    await first.close();
    truncateSync(path, size);
    const second = open();
    second.write(note("b"));
    expect(texts(second, 2)).toEqual(["b"]);
  });

  it("begins with its first number where no file is, and reads nothing for what this life has", () => {
    const journal = open();
    journal.write(note("a"));
    expect(journal.since(0)).toMatchObject([{ id: 1, life: 1, text: "a" }]);
  });

  it("says that the last entry was torn, leaves it out, and keeps the next ones whole", async () => {
    const first = open();
    first.write(note("a"));
    first.write(note("b"));
    await first.close();
    truncateSync(path, statSync(path).size - 20);
    const second = open();
    second.write(note("c"));
    await second.close();
    expect(second.since(0)).toMatchObject([
      { life: 1, text: "a" },
      { life: 2, code: "JOURNAL_TORN", level: "warning" },
      { life: 2, text: "c" },
      { life: 2, code: "JOURNAL_DAMAGED", text: expect.stringContaining("1 entry of the journal is damaged") },
    ]);
  });

  it("leaves out a line in the middle that was changed, and says how many", async () => {
    const first = open();
    for (const text of ["a", "b", "c"]) first.write(note(text));
    await first.close();
    writeFileSync(path, readFileSync(path, "utf8").replace('"text":"b"', '"text":"B"'));
    const second = open();
    expect(texts(second).slice(0, 2)).toEqual(["a", "c"]);
    expect(second.since(0).at(-1)).toMatchObject({ code: "JOURNAL_DAMAGED" });
  });

  it("works without the disk, and says so in the log once", async () => {
    const { log, lines } = keptLog();
    const journal = open({ log, path: join(folder, "absent", "events.jsonl") });
    journal.write(note("a"));
    await journal.close();
    journal.write(note("b"));
    await journal.close();
    expect(texts(journal)).toEqual(["a", "b"]);
    expect(lines.filter(({ code }) => code === "EVENTS_NOT_KEPT")).toHaveLength(1);
  });
});

describe("how old an entry is", () => {
  it("goes by the boot clock within one boot, whatever the wall clock was set to", async () => {
    const ahead = open({ wallMs: () => noonMs + 24 * hourMs, bootMs: () => hourMs });
    ahead.write(note("two hours ago, by a clock a day ahead"));
    await ahead.close();
    const behind = open({ wallMs: () => noonMs - 24 * hourMs, bootMs: () => 2.9 * hourMs });
    behind.write(note("six minutes ago, by a clock a day behind"));
    await behind.close();
    const now = open({ bootMs: () => 3 * hourMs });
    expect(texts(now, 0, noonMs - hourMs)).toEqual(["six minutes ago, by a clock a day behind"]);
    expect(texts(now, 0, noonMs - 3 * hourMs)).toHaveLength(2);
  });

  it("goes by the wall clock for what was written before the last boot", async () => {
    const before = open({ bootId: "boot-0", bootMs: () => 500 * hourMs, wallMs: () => noonMs - 2 * hourMs });
    before.write(note("two hours ago"));
    await before.close();
    expect(texts(open(), 0, noonMs - hourMs)).toEqual([]);
    expect(texts(open(), 0, noonMs - 3 * hourMs)).toEqual(["two hours ago"]);
  });
});

describe("the files of the journal", () => {
  const event = (id: number): KeptEvent => ({
    ...{ id, life: 1, at: "2026-05-17T12:00:00.000Z", level: "info", code: "X" },
    ...{ text: "x".repeat(200), boot: "boot-1", bootMs: 1 },
  });
  const file = () => new EventFile({ path, onProblem: () => {}, fileBytes: 10_000 });

  it("are two and bounded, and hold the newest entries without a hole", async () => {
    const events = file();
    for (let id = 1; id <= 500; id += 1) {
      events.append(event(id));
      await events.flush();
    }
    expect(statSync(path).size).toBeLessThan(10_500);
    expect(statSync(`${path}.1`).size).toBeLessThan(10_500);
    const ids = file()
      .read()
      .events.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(30);
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => 501 - ids.length + index));
    expect(file().end()).toEqual({ lastId: 500, lastLife: 1, isTorn: false });
  });

  it("tell the last number when the newer one is empty or holds nothing whole", async () => {
    const events = file();
    events.append(event(7));
    await events.flush();
    const { renameSync } = await import("node:fs");
    renameSync(path, `${path}.1`);
    appendFileSync(path, "half a li");
    expect(file().end()).toEqual({ lastId: 7, lastLife: 1, isTorn: true });
  });

  it("are for their owner only, and take what is added while they are written", async () => {
    const events = file();
    events.append(event(1));
    await Promise.resolve();
    events.append(event(2));
    await events.flush();
    events.append(event(3));
    await events.flush();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(events.read().events.map(({ id }) => id)).toEqual([1, 2, 3]);
  });
});
