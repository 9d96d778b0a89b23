/**
 * The folder of a simulation: found again by other commands through one small file in it, and taken over only where it is
 * empty or was a simulation's before.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { isAlive, processAt } from "@berth/agent/dead-man/guest-process";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";

/** What the file says: who runs the simulation, and where it listens. */
export interface SimulationMark {
  readonly pid: number;
  readonly startTicks: number;
  readonly controlSocket: string;
  readonly runFolder: string;
}

const markName = "simulation.json";
const runPrefix = "berth-sim-";
const sharedMemory = "/dev/shm";

/** The folder that is meant: the one named, or one for this user, so that two terminals mean the same without naming it. */
export function simulationFolder(named: string | undefined): string {
  return named === undefined ? join(tmpdir(), `berth-sim-${userInfo().uid}`) : resolve(named);
}

/**
 * Takes a folder for a new simulation, leftovers of an earlier one removed, and makes one in memory for what lives there.
 *
 * @throws CliError SIMULATION_RUNS, SIMULATION_FAILED
 */
export function takeFolder(folder: string): { readonly runFolder: string; readonly controlSocket: string } {
  const before = readMark(folder);
  if (before !== undefined && runs(before)) {
    throw new CliError("SIMULATION_RUNS", `a simulation runs already in ${folder} (process ${before.pid})`, {
      remedy: "`berth sim down` ends it; `--dir` starts another one beside it.",
    });
  }
  if (before !== undefined) {
    if (isRunFolder(before.runFolder, folder)) rmSync(before.runFolder, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
  makeOwnFolder(folder);
  const runFolder = mkdtempSync(join(memoryFolder(folder), runPrefix));
  const controlSocket = join(runFolder, "control.sock");
  const self = processAt(process.pid);
  const mark: SimulationMark = { pid: process.pid, startTicks: self?.startTicks ?? 0, controlSocket, runFolder };
  writeFileSync(join(folder, markName), `${JSON.stringify(mark, undefined, 2)}\n`, { mode: 0o600 });
  return { runFolder, controlSocket };
}

/** The simulation that runs in a folder. @throws CliError SIMULATION_ABSENT */
export function runningSimulation(folder: string): SimulationMark {
  const mark = readMark(folder);
  if (mark !== undefined && runs(mark)) return mark;
  throw new CliError("SIMULATION_ABSENT", `no simulation runs in ${folder}`, {
    exitCode: exitCodes.agentUnreachable,
    remedy: "Start one with `berth sim up`.",
  });
}

/** The mark of a folder, whether or not its simulation still runs. What somebody else put there is no mark of ours. */
export function readMark(folder: string): SimulationMark | undefined {
  try {
    if (!isOwn(folder)) return undefined;
    return JSON.parse(readFileSync(join(folder, markName), "utf8")) as SimulationMark;
  } catch {
    return undefined;
  }
}

function runs({ pid, startTicks }: SimulationMark): boolean {
  return isAlive({ pid, startTicks });
}

/** Under /tmp anybody could have put something in our place: the folder must be ours, and nobody else's to write to. */
function makeOwnFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isOwn(folder)) {
    throw new CliError("SIMULATION_FAILED", `${folder} is not a folder that only you can write to`, {
      remedy: "Name another one with --dir.",
    });
  }
  if (readdirSync(folder).length > 0) {
    throw new CliError("SIMULATION_FAILED", `${folder} is not empty, and no simulation made it`, {
      remedy: "Name an empty or a new folder with --dir.",
    });
  }
}

function isOwn(folder: string): boolean {
  const status = lstatSync(folder);
  return status.isDirectory() && status.uid === userInfo().uid && (status.mode & 0o022) === 0;
}

/** What a mark says is removed only where a simulation makes such folders. */
function isRunFolder(path: string, folder: string): boolean {
  return basename(path).startsWith(runPrefix) && [sharedMemory, folder].includes(dirname(path));
}

/** /dev/shm is memory wherever it is; else the run folders lie on the disk, and a busy disk can delay them. */
function memoryFolder(folder: string): string {
  try {
    const status = lstatSync(sharedMemory);
    if (status.isDirectory() && (status.mode & 0o002) !== 0) return sharedMemory;
  } catch {
    // Not there: see above.
  }
  return folder;
}
