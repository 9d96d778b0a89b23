import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPolicyWorld } from "../src/policy-world.ts";

const world = createPolicyWorld({ BERTH_TEST: "seen" });
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-world-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file is read as UTF-8, and one of /proc that says size 0 too", () => {
  writeFileSync(join(folder, "a.cf"), "grüße\n");
  expect(world.readFile(join(folder, "a.cf"))).toEqual({ ok: true, text: "grüße\n" });
  expect(world.readFile("/proc/self/status")).toMatchObject({ ok: true, text: expect.stringContaining("Pid:") });
});

test("what is no file, is too large, or is not there is an error and never a hang", () => {
  const pipe = join(folder, "pipe");
  spawnSync("mkfifo", [pipe]);
  const large = join(folder, "large");
  writeFileSync(large, "");
  truncateSync(large, 17 * 1024 * 1024);
  expect(world.readFile(pipe)).toEqual({ ok: false, error: "not a regular file" });
  expect(world.readFile("/dev/zero")).toEqual({ ok: false, error: "not a regular file" });
  expect(world.readFile(folder)).toEqual({ ok: false, error: "not a regular file" });
  expect(world.readFile(large)).toEqual({ ok: false, error: "larger than 16777216 bytes" });
  expect(world.readFile(join(folder, "absent"))).toEqual({ ok: false, error: "no such file" });
});

test("the status of a path tells kind, size and whether it can be executed", () => {
  writeFileSync(join(folder, "b"), "12345", { mode: 0o644 });
  expect(world.fileStatus(join(folder, "b"))).toEqual({ kind: "file", sizeBytes: 5, executable: false });
  expect(world.fileStatus("/bin/sh")).toMatchObject({ kind: "file", executable: true });
  expect(world.fileStatus(folder)).toMatchObject({ kind: "directory" });
  expect(world.fileStatus("/dev/null")).toMatchObject({ kind: "other" });
  expect(world.fileStatus(join(folder, "absent"))).toBeUndefined();
});

test("commands run with and without a shell, and tell whether they succeeded", () => {
  expect(world.runCommand?.("/bin/echo one 'two three' \"$HOME\"", "noshell")).toEqual({
    ok: true,
    output: "one two three $HOME\n",
  });
  expect(world.runCommand?.("echo one | tr o 0", "useshell")).toEqual({ ok: true, output: "0ne\n" });
  expect(world.runCommand?.("/bin/false", "noshell")).toEqual({ ok: false, output: "" });
  expect(world.runCommand?.("/no/such/command", "noshell")).toMatchObject({ ok: false });
});

test("the environment and the hosts file answer by name", () => {
  expect(world.environmentVariable?.("BERTH_TEST")).toBe("seen");
  expect(world.environmentVariable?.("BERTH_OTHER")).toBeUndefined();
  expect(world.resolveHost?.("localhost")).toMatch(/^(127\.0\.0\.1|::1)$/);
  expect(world.resolveHost?.("no.such.host.invalid")).toBeUndefined();
});
