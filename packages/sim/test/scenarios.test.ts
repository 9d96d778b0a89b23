import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkScenario, parseScenario } from "../src/scenario.ts";
import { scenarioFolder, scenarioNames } from "../src/scenario-folders.ts";

describe("each story ends as expected and reads as its golden log", () => {
  for (const name of scenarioNames()) {
    test(`${name}: ${sentence(name)}`, () => {
      expect(checkScenario(scenarioFolder(name), false)).toEqual([]);
    });
  }
});

test("there are at least forty stories, and each has its sentence", () => {
  expect(scenarioNames().length).toBeGreaterThanOrEqual(40);
  for (const name of scenarioNames()) expect(sentence(name), name).toMatch(/^[A-Z].*\.$/);
});

test("a command that is not understood is refused with its line", () => {
  expect(() => parseScenario("hosts 3\nguest web1\nat 5s explode h1\n")).toThrow('line 3: "explode" is not a fault');
  expect(() => parseScenario("hosts 3\nat 5s power-loss h9 for 1s\n")).toThrow('line 2: there is no host "h9"');
  expect(() => parseScenario("hosts 3\nat 5 power-loss h1 for 1s\n")).toThrow('line 2: "5" is not a time');
});

function sentence(name: string): string {
  return readFileSync(`${scenarioFolder(name)}/README`, "utf8").trim();
}

test("a scenario that does not exist is a mistake of the command line, with the names of those that do", () => {
  const main = new URL("../src/main.ts", import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [main, "--scenario", "nosuch"], { encoding: "utf8" });
  expect(status).toBe(64);
  expect(stderr).toMatch(/^there is no scenario nosuch; there are: all, .*power-loss/);
});
