import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startAgentUnit } from "../src/membership/agent-unit.ts";
import { Session } from "../src/session.ts";

/** What is said, and what systemctl was asked, when it answers these words so. */
function start(
  stateDir: string,
  answers: Readonly<Record<string, number>> | undefined,
): { said: string; asked: string } {
  const folder = mkdtempSync(join(tmpdir(), "berth-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cases = Object.entries(answers ?? {}).map(([word, status]) => `${word}) exit ${status};;`);
  const script = `#!/bin/sh\necho "$*" >> ${folder}/asked\ncase $1 in ${cases.join(" ")} esac\nexit 9\n`;
  if (answers !== undefined) writeFileSync(join(folder, "systemctl"), script, { mode: 0o755 });
  writeFileSync(join(folder, "asked"), "");
  let said = "";
  const sink = { isTerminal: false, columns: 100, write: (text: string) => void said.concat(text) };
  const stderr = {
    ...sink,
    write: (text: string) => {
      said += text;
    },
  };
  const session = new Session({
    terminal: {
      ...{ stdout: sink, stderr, nowMs: () => 0, interruptSignal: () => new AbortController().signal },
      environment: { PATH: `${folder}:/bin` },
    },
    run: () => Promise.resolve(0),
    wholeProgram: () => Promise.reject(new TypeError("not asked for here")),
  });
  startAgentUnit(stateDir, session);
  return { said, asked: readFileSync(join(folder, "asked"), "utf8") };
}

it.each<[string, string, Readonly<Record<string, number>> | undefined, RegExp, string]>([
  ["is started where systemd has it", "/var/lib/berth", { cat: 0, start: 0 }, /The agent runs/, "start"],
  ["that does not start is named", "/var/lib/berth", { cat: 0, start: 1 }, /systemctl status/, "start"],
  ["that is not installed is not started", "/var/lib/berth", { cat: 1 }, /Now start the agent/, "cat"],
  ["is not started for another folder", "/srv/berth", { cat: 0, start: 0 }, /--state-dir \/srv\/berth/, ""],
])("the agent's unit %s", (_title, stateDir, answers, said, lastAsked) => {
  const { said: found, asked } = start(stateDir, answers);
  expect(found).toMatch(said);
  expect(asked.trim().split("\n").at(-1)?.split(" ")[0]).toBe(lastAsked);
});

it("without systemd the way to start an agent is said", () => {
  expect(start("/var/lib/berth", { cat: 127 }).said).toMatch(/Now start the agent here/);
});
