/**
 * The fleet's part of `npm run bench`: Berth and its peers on hosts of this one machine, in the same run, so that ratios mean
 * something. Alone: `npm run bench -- --only fleet [--case NAME ...]`. Each case is a process of its own with a time limit:
 * what fails, hangs or cannot be installed is named, what it had measured till then is kept, and the next case begins.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "./figures.ts";
import { type CaseResult, type FleetCase, fleetCases, judged } from "./fleet-cases.ts";
import { type FleetFigure, middle, rangeOf } from "./fleet-figures.ts";
import type { IdleCost } from "./fleet-idle.ts";
import { markdown } from "./markdown.ts";

const program = fileURLToPath(new URL("./fleet-case.ts", import.meta.url));

/** Everything that was measured of fleets. */
export interface FleetBench {
  readonly figures: readonly FleetFigure[];
  readonly costs: readonly IdleCost[];
  readonly targets: readonly Target[];
  /** What was not measured, or not as often as it should, each with its reason. */
  readonly skipped: readonly string[];
}

/** What is to be measured. */
export interface FleetBenchInit {
  readonly quick: boolean;
  /** Names of cases; all of them when there are none. */
  readonly cases: readonly string[];
  /** No case begins after so many minutes, and none goes on. */
  readonly minutes: number;
  /** Called after each case with everything so far. */
  readonly onProgress: (bench: FleetBench) => void;
}

/** @throws Error for a case that does not exist */
export function casesNamed(names: readonly string[]): readonly FleetCase[] {
  const unknown = names.find((name) => !fleetCases.some((one) => one.name === name));
  if (unknown === undefined) return fleetCases.filter(({ name }) => names.length === 0 || names.includes(name));
  throw new Error(`no case ${unknown}; there are ${fleetCases.map(({ name }) => name).join(", ")}`);
}

/** Measures the cases one after the other. */
export async function benchFleet(init: FleetBenchInit): Promise<FleetBench> {
  const endMs = performance.now() + init.minutes * 60_000;
  const results: CaseResult[] = [];
  const skipped: string[] = [];
  const soFar = (): FleetBench => {
    const figures = results.flatMap(({ figures: of }) => of ?? []);
    const costs = results.flatMap(({ costs: of }) => of ?? []);
    const targets = results.flatMap(({ targets: of }) => of ?? []);
    return { figures, costs, targets: [...targets, ...judgeTakeovers(figures), ...judgeCosts(costs)], skipped };
  };
  for (const one of casesNamed(init.cases)) {
    const leftMs = endMs - performance.now();
    if (leftMs < 10_000) {
      skipped.push(`${one.name} was not measured: the ${init.minutes} minutes are over`);
      continue;
    }
    process.stderr.write(`fleet: ${one.name}\n`);
    const began = performance.now();
    const { result, problem } = await runCase(one, init.quick, Math.min(leftMs, one.limitSeconds * 1000));
    const seconds = Math.round((performance.now() - began) / 1000);
    if (problem !== undefined)
      skipped.push(`${one.name} ${result ? "is not complete" : "was not measured"}: ${problem}`);
    if (result !== undefined) results.push(result);
    process.stderr.write(`${summaryOf(result)}${problem === undefined ? "" : `  ${problem}\n`}  (${seconds} s)\n`);
    init.onProgress(soFar());
  }
  return soFar();
}

interface CaseEnd {
  readonly result?: CaseResult;
  readonly problem?: string;
}

async function runCase(one: FleetCase, quick: boolean, limitMs: number): Promise<CaseEnd> {
  const folder = mkdtempSync(join(tmpdir(), `berth-bench-${one.name}-`));
  const args = [program, one.name, folder, ...(quick ? ["--quick"] : [])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (chunk) => {
    words += chunk;
  });
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, limitMs);
  // Not `close`: what the case started may hold the pipe for a moment longer.
  const status = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearTimeout(limit);
  const result = resultIn(folder);
  const why = isLate ? `ended after ${Math.round(limitMs / 1000)} s` : words.trim().split("\n").slice(-8).join("; ");
  if (status === 0) rmSync(folder, { recursive: true, force: true });
  const problem = status === 0 ? undefined : `${why || `status ${status}`}; logs in ${folder}`;
  return { ...(result && { result }), ...(problem !== undefined && { problem }) };
}

function resultIn(folder: string): CaseResult | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "result.json"), "utf8")) as CaseResult;
  } catch {
    return undefined;
  }
}

function summaryOf(result: CaseResult | undefined): string {
  const lines = (result?.figures ?? []).map(({ program: name, ms }) => `${name}: ${rangeOf(ms)}`);
  for (const { memoryMib, core } of result?.costs ?? []) {
    lines.push(`${memoryMib.toFixed(0)} MiB, ${(core * 100).toFixed(1)} % of a core`);
  }
  return lines.map((line) => `  ${line}\n`).join("");
}

function judgeTakeovers(figures: readonly FleetFigure[]): readonly Target[] {
  const rival = figures.find(({ program: name }) => name === "pacemaker + corosync");
  if (rival === undefined) return [];
  return figures
    .filter(({ group, program: name }) => group === "failover" && name.startsWith("berth"))
    .map(({ program: name, ms }) => {
      const seen = middle(ms) / middle(rival.ms);
      return { what: `power cut to takeover, ${name}`, limit: 1, seen, unit: "x pacemaker" };
    });
}

function judgeCosts(costs: readonly IdleCost[]): readonly Target[] {
  const cost = costs.find(({ peers, guests }) => peers === judged.peers && guests === judged.guests);
  if (cost === undefined) return [];
  const size = `${judged.peers} peers and ${judged.guests} guests`;
  return [
    { what: `agent's memory, ${size}`, limit: 150, seen: cost.memoryMib, unit: "MiB" },
    { what: `agent's processor, ${size}`, limit: 2, seen: cost.core * 100, unit: "% of a core" },
  ];
}

/** What idle agents cost. */
export function renderCosts(costs: readonly IdleCost[]): string {
  if (costs.length === 0) return "";
  const titlesOf = ["peers", "guests", "memory, median", "most", "of a core, median", "most", "all run after"];
  const rows = [...costs]
    .sort((a, b) => a.peers - b.peers || a.guests - b.guests)
    .map((cost) => [
      String(cost.peers),
      String(cost.guests),
      `${cost.memoryMib.toFixed(0)} MiB`,
      `${cost.memoryMaxMib.toFixed(0)} MiB`,
      `${(cost.core * 100).toFixed(1)} %`,
      `${(cost.coreMax * 100).toFixed(1)} %`,
      `${cost.settledSeconds.toFixed(0)} s`,
    ]);
  return markdown(titlesOf, rows);
}

/** What the tables do not say. */
export const fleetNotes = `Three hosts in namespaces on one bridge; a power cut takes the cable first and then every process. Berth's guests are real QEMU
guests that tell by themselves when they execute, and are timed from the cut to the first sign of life elsewhere. The others are
flattered: Pacemaker moves an empty resource and its fence device answers at once, Keepalived moves an address and has two
owners in a partition, etcd only hands over a lock, Serf only tells. Writes of etcd and of Berth's voters go to the same disk.
Idle agents run over loopback with a hypervisor in the process; what was measured is the median of all agents of the fleet.
`;
