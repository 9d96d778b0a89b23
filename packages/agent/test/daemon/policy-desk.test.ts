/** What policy means for this host is told in full, also when the disk refuses a part of it for a while. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultAgentConfig } from "../../src/config/agent-config.ts";
import { defaultConfig } from "../../src/config/berth-config.ts";
import { knownTypesPath, writeKnownTypes } from "../../src/daemon/known-types.ts";
import { PolicyDesk } from "../../src/daemon/policy-desk.ts";
import { promisedGuestsPath, readPromisedGuests, writePromisedGuests } from "../../src/daemon/promised-guests-file.ts";
import { fleetPolicy } from "../fleet-policy.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-desk-"));
  const lines = [{ name: "web1", type: "test", state: "running", resources: { env_memory: "512000" } }];
  writeFileSync(join(folder, "promises.cf"), fleetPolicy(lines));
});
afterEach(() => rmSync(folder, { recursive: true }));

function desk() {
  const told: string[][] = [];
  const problems: string[] = [];
  const parts = new PolicyDesk(
    {
      config: { ...defaultConfig, stateDir: folder, policyPath: join(folder, "promises.cf") },
      agent: defaultAgentConfig(folder),
      journal: { write: ({ code }) => problems.push(code) },
      means: () => ({ hypervisorUp: true, looked: true, domains: new Map(), travelled: () => undefined }),
    },
    {
      promised: (guests) => told.push(guests.map(({ guest }) => guest)),
      types: (types) => writeKnownTypes(folder, types),
      changed: () => {},
    },
  );
  return { parts, told, problems };
}

test("names that the disk refused are written at the next pass, although policy is still the same", async () => {
  const { parts, told, problems } = desk();
  mkdirSync(`${promisedGuestsPath(folder)}.new`);
  await parts.reload();
  expect(problems).toContain("POLICY_PROBLEM");
  expect(told).toEqual([["web1"]]);
  expect(readPromisedGuests(folder)).toEqual({ kind: "absent" });
  rmSync(`${promisedGuestsPath(folder)}.new`, { recursive: true, force: true });
  await parts.reload();
  expect(readPromisedGuests(folder)).toEqual({ kind: "known", guests: ["web1"] });
  expect(told).toEqual([["web1"]]);
});

test("what is promised is told at the next pass where a hypervisor could not be written down before", async () => {
  const { parts, told } = desk();
  mkdirSync(`${knownTypesPath(folder)}.new`);
  await parts.reload();
  expect(told).toEqual([]);
  rmSync(`${knownTypesPath(folder)}.new`, { recursive: true, force: true });
  await parts.reload();
  expect(told).toEqual([["web1"]]);
  expect(readFileSync(knownTypesPath(folder), "utf8")).toBe("test\n");
});

test("names that an earlier life left are replaced, also where nothing is promised any more", async () => {
  writePromisedGuests(folder, ["old1"]);
  writeFileSync(join(folder, "promises.cf"), 'body common control { bundlesequence => { "x" }; } bundle agent x { }');
  await desk().parts.reload();
  expect(readPromisedGuests(folder)).toEqual({ kind: "known", guests: [] });
});
