import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { version } from "../src/version.ts";

const launcher = fileURLToPath(new URL("../bin/berth.js", import.meta.url));
const olderNode = fileURLToPath(new URL("./support/older-node.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "berth-launcher-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The environment of a user whose PATH knows nothing of this checkout. */
const plainEnvironment = {
  HOME: folder,
  PATH: (process.env.PATH ?? "")
    .split(":")
    .filter((part) => !part.includes("node_modules"))
    .join(":"),
};

function runProcess(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env: plainEnvironment });
  return { status, stdout, stderr };
}

describe("the launcher", () => {
  it("runs by its own name, and through a link", () => {
    const link = join(folder, "berth");
    symlinkSync(launcher, link);
    for (const command of [launcher, link]) {
      expect(runProcess(command, "--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
    }
  });

  it("runs under whatever node this machine has", () => {
    expect(runProcess("node", launcher, "--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("starts the right node where it is run by an older one, with the same arguments and exit code", () => {
    const { status, stderr } = runProcess(process.execPath, "--require", olderNode, launcher, "chekc", "a b");
    expect(status).toBe(64);
    expect(stderr).toContain("berth: unknown command 'chekc'");
  });

  it("says what to do where only an older node is to be found", () => {
    const lonely = join(folder, "lonely");
    const copy = `import fs from "node:fs"; fs.cpSync(${JSON.stringify(launcher)}, ${JSON.stringify(`${lonely}/a/b/c/berth.mjs`)})`;
    expect(spawnSync(process.execPath, ["--input-type=module", "-e", copy]).status).toBe(0);
    const { status, stderr } = runProcess(process.execPath, "--require", olderNode, `${lonely}/a/b/c/berth.mjs`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Node 20\.0\.0, and Berth needs Node 24 or newer\.\n {2}Run `npm ci`/);
  });

  it("keeps compiled code in the user's own cache folder", () => {
    expect(runProcess(launcher, "--version").status).toBe(0);
    expect(readdirSync(join(folder, ".cache", "berth", "compiled"))).toHaveLength(1);
  });

  it("ends quietly when the reader of its output goes away", () => {
    const { status, stderr } = runProcess("bash", "-c", `set -o pipefail; ${launcher} completion zsh | head -1`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "passes %s on to the node that it started, and ends the same way",
    async (signal) => {
      const socket = join(folder, `${signal}.sock`);
      // A hypervisor that never answers: the command waits for it until the signal comes.
      const silent = createServer();
      onTestFinished(() => void silent.close());
      silent.listen(socket);
      const uri = `test=test+unix:///default?socket=${socket}`;
      const child = spawn(process.execPath, ["--require", olderNode, launcher, "get", "guests", "--uri", uri], {
        env: plainEnvironment,
        stdio: "ignore",
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      await once(silent, "connection");
      child.kill(signal);
      expect(await once(child, "exit")).toEqual([null, signal]);
    },
  );
});
