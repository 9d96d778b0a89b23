import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PromiseLocks } from "../src/promise-locks.ts";
import { guestPromise } from "./guest-promise.ts";

let folder: string;
let path: string;
let nowSeconds: number;
let locks: PromiseLocks;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-locks-"));
  path = join(folder, "promise-locks.json");
  nowSeconds = 1_800_000_000;
  locks = new PromiseLocks(path, () => nowSeconds);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const web = guestPromise("web");
const isFree = async (promise = web) => (await locks.take([promise])).get(promise)?.held === false;
const evaluate = async (promise = web) => {
  await locks.take([promise]);
  await locks.giveBack([promise], new Set([promise]));
};

test("a promise is evaluated again when ifelapsed minutes have passed, and not before", async () => {
  expect(await isFree()).toBe(true);
  await evaluate();
  nowSeconds += 59;
  expect((await locks.take([web])).get(web)).toEqual({
    held: true,
    reason: "evaluated 59 s ago, ifelapsed is 1 min",
  });
  nowSeconds += 1;
  expect(await isFree()).toBe(true);
});

test("ifelapsed 0 never holds a promise back, and leaves no trace", async () => {
  const always = guestPromise("always", { action: { policy: "fix", ifElapsedMinutes: 0, expireAfterMinutes: 1 } });
  await evaluate(always);
  expect((await locks.take([always])).size).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test("a promise that was edited counts as new; one that only moved in the file does not", async () => {
  await evaluate();
  expect(await isFree(guestPromise("web", { resources: { cpus: 2 } }))).toBe(true);
  expect(await isFree(guestPromise("web", { position: { file: "fleet.cf", line: 7, column: 3 } }))).toBe(false);
});

test("a promise that was taken but not evaluated may be evaluated at once", async () => {
  await locks.take([web]);
  await locks.giveBack([web], new Set());
  expect(await isFree()).toBe(true);
});

test("a clock that was set back holds nothing", async () => {
  await evaluate();
  nowSeconds -= 3600;
  expect(await isFree()).toBe(true);
});

test("what another live process is at is left to it for expireafter minutes; a dead one holds nothing", async () => {
  const other: ChildProcess = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  try {
    await locks.take([web]);
    writeFileSync(path, readFileSync(path, "utf8").replace(`"pid":${process.pid}`, `"pid":${other.pid}`));
    nowSeconds += 59;
    expect((await locks.take([web])).get(web)).toMatchObject({
      held: true,
      reason: `process ${other.pid} is at it since 59 s`,
    });
    nowSeconds += 1;
    expect(await isFree()).toBe(true);
    writeFileSync(path, readFileSync(path, "utf8").replace(`"pid":${process.pid}`, `"pid":${other.pid}`));
  } finally {
    other.kill("SIGKILL");
    await once(other, "exit");
  }
  expect(await isFree()).toBe(true);
});

test("a damaged file of lock times costs nothing but the times", async () => {
  await evaluate();
  writeFileSync(path, "{ half");
  expect(await isFree()).toBe(true);
});
