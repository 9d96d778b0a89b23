import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EmbeddedHypervisor } from "../src/adapters/embedded/embedded-hypervisor.ts";
import { StateStore } from "../src/adapters/embedded/state-store.ts";
import { acquireFileLock } from "../src/state/file-lock.ts";
import { stepOf } from "./contract-host.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-state-"));
  path = join(folder, "embedded.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const define = (name: string) =>
  stepOf({
    kind: "define-domain",
    domain: name,
    xml: `<domain type='kvm'><name>${name}</name><memory>32768</memory><os><type>hvm</type></os></domain>`,
  });
const open = () => new EmbeddedHypervisor({ store: new StateStore(path) });
const namesIn = async (hypervisor: EmbeddedHypervisor) =>
  (await hypervisor.observe()).domains.map(({ name }) => name).toSorted();

test("what was reported done is there for the next process", async () => {
  await open().perform(define("kept"));
  expect(await namesIn(open())).toEqual(["kept"]);
});

test("nothing is written by looking", async () => {
  await open().observe();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["cut off", (text: string) => text.slice(0, text.length / 2)],
  ["one letter changed", (text: string) => text.replace("kept", "kebt")],
  ["emptied", () => ""],
  ["of another program", () => "{}\n"],
  ["of a later format", (text: string) => text.replace("berth-embedded-1", "berth-embedded-2")],
])("a state file that was %s is refused and left as it is, never read as empty", async (_, damage) => {
  await open().perform(define("kept"));
  const damaged = damage(readFileSync(path, "utf8"));
  writeFileSync(path, damaged);
  await expect(open().observe()).rejects.toMatchObject({ code: "STATE_FILE_CORRUPT" });
  await expect(open().perform(define("other"))).rejects.toMatchObject({ code: "STATE_FILE_CORRUPT" });
  expect(readFileSync(path, "utf8")).toBe(damaged);
});

test("two connections that change the file by turns lose nothing", async () => {
  const [left, right] = [open(), open()];
  const names = Array.from({ length: 40 }, (_, index) => `guest-${index}`);
  await Promise.all(names.map((name, index) => (index % 2 === 0 ? left : right).perform(define(name))));
  expect(await namesIn(open())).toEqual(names.toSorted());
  await Promise.all([left.close(), right.close()]);
  expect(readdirSync(folder)).toEqual(["embedded.json"]);
});

test("a change that is refused leaves the changes beside it alone", async () => {
  const hypervisor = open();
  const [good, bad] = await Promise.allSettled([
    hypervisor.perform(define("good")),
    hypervisor.perform(stepOf({ kind: "resume-domain", domain: "absent" })),
  ]);
  expect([good.status, bad.status]).toEqual(["fulfilled", "rejected"]);
  expect(await namesIn(open())).toEqual(["good"]);
});

test("a lock that a live process holds is waited for, then refused with its pid", async () => {
  const lock = await acquireFileLock(`${path}.lock`);
  await expect(acquireFileLock(`${path}.lock`, 20)).rejects.toMatchObject({
    code: "STATE_FILE_LOCKED",
    message: expect.stringContaining(String(process.pid)),
  });
  const waiting = acquireFileLock(`${path}.lock`);
  lock.release();
  (await waiting).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("the lock of a process that was killed is taken over", async () => {
  const script = `
    import { acquireFileLock } from ${JSON.stringify(new URL("../src/state/file-lock.ts", import.meta.url).href)};
    await acquireFileLock(${JSON.stringify(`${path}.lock`)});
    process.kill(process.pid, "SIGKILL");`;
  const killed = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script]);
  expect(killed.signal).toBe("SIGKILL");
  expect(readdirSync(folder)).toContain("embedded.json.lock");
  (await acquireFileLock(`${path}.lock`, 1000)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a lock file that Berth did not write is nobody's to take over", async () => {
  writeFileSync(`${path}.lock`, "keep out\n");
  await expect(acquireFileLock(`${path}.lock`, 20)).rejects.toMatchObject({ code: "STATE_FILE_LOCKED" });
});

test("a state folder that cannot be made fails each change with the path and what to do, and the hypervisor can be closed", async () => {
  writeFileSync(join(folder, "file"), "");
  const hypervisor = new EmbeddedHypervisor({ store: new StateStore(join(folder, "file", "embedded.json")) });
  await expect(hypervisor.perform(define("web"))).rejects.toMatchObject({
    code: "STATE_FILE_UNAVAILABLE",
    message: expect.stringContaining(join(folder, "file")),
    remedy: expect.stringContaining("--state-dir"),
  });
  await hypervisor.close();
});
