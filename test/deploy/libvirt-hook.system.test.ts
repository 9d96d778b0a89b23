import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../deploy/libvirt-hook.sh", import.meta.url));
/** What `berth hook` answers in this test, to be told from everything else. */
const asked = 7;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-libvirt-hook-"));
  const bin = join(folder, "packages/cli/bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "berth.js"), `#!/bin/sh\nexit ${asked}\n`);
  chmodSync(join(bin, "berth.js"), 0o755);
  writeFileSync(join(folder, "hook"), readFileSync(script, "utf8").replaceAll("@BERTH@", folder));
  writeFileSync(join(folder, "fleet.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true }));

function hook(guest: string, operation = "prepare"): number | null {
  const env = { PATH: process.env.PATH ?? "", BERTH_RUN_DIR: folder, BERTH_STATE_DIR: folder };
  return spawnSync("sh", [join(folder, "hook"), guest, operation, "begin", "-"], { env }).status;
}

function ownStarts(pid: number, guest: string, ageSeconds = 0): void {
  const path = join(folder, "own-starts");
  writeFileSync(path, `${pid}\n${guest}\n`);
  const at = Date.now() / 1000 - ageSeconds;
  utimesSync(path, at, at);
}

describe("libvirt's hook script", () => {
  test("asks the agent before a start, and about nothing else", () => {
    expect(hook("web1")).toBe(asked);
    expect(hook("web1", "stopped")).toBe(0);
  });

  test("lets pass what the agent is starting itself, by its whole name", () => {
    ownStarts(process.pid, "web1");
    expect([hook("web1"), hook("web"), hook("web11"), hook(".*")]).toEqual([0, asked, asked, asked]);
  });

  test("asks when the agent that wrote the list is gone", () => {
    const { pid } = spawnSync("true");
    ownStarts(pid, "web1");
    expect(hook("web1")).toBe(asked);
  });

  test("asks when the list is older than a start's first moments: its agent may be frozen, and its pid another's", () => {
    ownStarts(process.pid, "web1", 10);
    expect(hook("web1")).toBe(asked);
  });
});
