import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Session } from "../../src/session.ts";
import { detachSimulation } from "../../src/simulation/run-simulation.ts";
import { readMark, takeFolder } from "../../src/simulation/simulation-folder.ts";

let base: string;
let folder: string;
const made: string[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "berth-folder-"));
  folder = join(base, "fleet");
});
afterEach(() => {
  for (const path of [base, ...made.splice(0)]) rmSync(path, { recursive: true, force: true });
});

function take(): string {
  const { runFolder } = takeFolder(folder);
  made.push(runFolder);
  return runFolder;
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("the folder of a simulation", () => {
  it("is refused while its simulation runs", () => {
    take();
    expect(take).toThrow(code("SIMULATION_RUNS"));
  });

  it("is taken over with all that an ended simulation left", () => {
    const left = take();
    const mark = { ...readMark(folder), startTicks: 1 };
    writeFileSync(join(folder, "simulation.json"), JSON.stringify(mark));
    writeFileSync(join(folder, "left"), "");
    take();
    expect([existsSync(left), existsSync(join(folder, "left"))]).toEqual([false, false]);
  });

  it("is refused where it holds anything that no simulation made, which stays", () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "letter"), "");
    expect(take).toThrow(code("SIMULATION_FAILED"));
    expect(existsSync(join(folder, "letter"))).toBe(true);
  });

  it("is refused where others may write to it, and what they wrote there is not believed", () => {
    const precious = join(base, "precious");
    mkdirSync(precious);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const mark = { pid: 1, startTicks: 0, controlSocket: "/x", runFolder: precious };
    writeFileSync(join(folder, "simulation.json"), JSON.stringify(mark));
    expect(readMark(folder)).toBeUndefined();
    expect(take).toThrow(code("SIMULATION_FAILED"));
    chmodSync(folder, 0o700);
    take();
    expect(existsSync(precious)).toBe(true);
  });
});

describe("the log of a simulation in the background", () => {
  it("is never written through a link that somebody else put in the folder for temporary files", async () => {
    const precious = join(base, "precious");
    writeFileSync(precious, "letter");
    vi.stubEnv("TMPDIR", base);
    onTestFinished(() => void vi.unstubAllEnvs());
    symlinkSync(precious, join(base, `berth-sim-${process.pid}.log`));
    const session = { data: () => {}, note: () => {} } as unknown as Session;
    await expect(detachSimulation(folder, ["--hosts", "0"], session)).rejects.toThrow(/number from 1 to/);
    expect(readFileSync(precious, "utf8")).toBe("letter");
  });
});
