import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluatePolicy, type PolicyWorld } from "../src/index.ts";
import { facts, worldOf } from "./evaluation-support.ts";
import { randomBundle } from "./random-evaluation.ts";

/** The same policies through cf-agent and through us: what they report must be the same text in the same order. */

/** Another seed tries other policies: `BERTH_SEED=7 npx vitest run packages/policy/test/evaluation-comparison.system.test.ts`. */
const seed = Number(process.env.BERTH_SEED ?? 1);

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-evaluation-"));
  const folders = ["bin", "inputs", "outputs", "modules", "ppkeys", "state", "lastseen", "masterfiles"];
  for (const name of folders) await mkdir(join(folder, name), { mode: 0o700 });
  await copyFile("/usr/bin/cf-promises", join(folder, "bin", "cf-promises"));
  await run("cf-key", []);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command of CFEngine's in a work directory of our own, to its end. */
function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, CFENGINE_TEST_OVERRIDE_WORKDIR: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (bytes) => (output += bytes));
    child.stderr.on("data", (bytes) => (output += bytes));
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}

/** Reports of cf-agent, which first must find the policy valid: otherwise it would run its own failsafe policy. */
async function reportsOfCfAgent(name: string, text: string): Promise<readonly string[]> {
  const path = join(folder, `${name}.cf`);
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
  const verdict = await run("cf-promises", ["-cf", path]);
  if (verdict.includes("There are") || verdict.includes("Fatal"))
    throw new Error(`cf-promises rejects ${name}:\n${verdict}\n${text}`);
  const output = await run("cf-agent", ["-Kf", path]);
  return output
    .split(/^R: /m)
    .slice(1)
    .map((each) => each.replace(/\n( *(error|warning|info): .*\n?)*$/, ""));
}

const world: PolicyWorld = worldOf({});

function ourReports(text: string, path = "/p.cf"): readonly string[] {
  const { reports, diagnostics } = evaluatePolicy({ entryFile: path, text, facts, world });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return reports;
}

describe("cf-agent and we report the same", () => {
  test("of 200 random bundles of variables, classes, lists, guards and conditions", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `b${index}`);
    const bundles = names.map(
      (name, index) => fc.sample(randomBundle(name), { numRuns: 1, seed: seed * 1000 + index })[0] ?? "",
    );
    const control = `body common control { bundlesequence => { ${names.map((name) => `"${name}"`).join(", ")} }; }\n`;
    const text = control + bundles.join("\n");
    const theirs = await reportsOfCfAgent("random", text);
    const ours = ourReports(text);
    for (const [index, name] of names.entries()) {
      const of = (reports: readonly string[]) => reports.filter((each) => each.startsWith(`${name}: `));
      expect(of(ours), `BERTH_SEED=${seed}\n${bundles[index]}`).toEqual(of(theirs));
    }
    expect(ours.length).toBeGreaterThan(150);
  });

  test("of each policy in fixtures/evaluation", async () => {
    const fixtures = new URL("fixtures/evaluation/", import.meta.url);
    const names = (await readdir(fixtures)).filter((name) => name.endsWith(".cf"));
    for (const name of names) {
      const text = await readFile(new URL(name, fixtures), "utf8");
      const theirs = await reportsOfCfAgent(name.replace(/\.cf$/, ""), text);
      expect(ourReports(text, join(folder, name)), name).toEqual(theirs);
    }
    expect(names.length).toBeGreaterThan(4);
  });
});

test("cf-agent left nothing running and its work directory is ours", async () => {
  expect((await stat(join(folder, "ppkeys"))).mode & 0o077).toBe(0);
});
