/**
 * `npm run bench [-- --json FILE] [--quick] [--only host|fleet] [--case NAME ...] [--minutes 25]`: Berth beside cf-agent and virsh on one host, then a
 * fleet beside Pacemaker, Keepalived, Serf and etcd, in one run on one machine. Quote the ratios; the times belong to the
 * machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildBundle } from "../../packages/cli/build/bundle.ts";
import { type Figure, isMet, renderFigures, type Target } from "./figures.ts";
import { type Condition, type Fleet, startFleet, writeIteratedPolicy, writePolicy } from "./fleet.ts";
import { renderFleetFigures, renderFleetTargets } from "./fleet-figures.ts";
import { benchFleet, casesNamed, type FleetBench, fleetNotes, renderCosts } from "./fleet-main.ts";
import { measure, measureInTurns, type Program, requireTools } from "./process.ts";
import { berthCheck, berthConverge, cfAgent, cfPromises, type RunPlace, virshList, virshStates } from "./programs.ts";
import { measureWarmPass } from "./warm-pass.ts";

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "host fleet" },
    // Of the fleet only; may be given more than once.
    case: { type: "string", multiple: true, default: [] },
    minutes: { type: "string", default: "25" },
  },
});
if (!/^(host|fleet|host fleet)$/.test(values.only)) throw new Error(`--only is host or fleet, not ${values.only}`);
const folder = mkdtempSync(join(tmpdir(), "berth-bench-"));
const figures: Figure[] = [];
const targets: Target[] = [];
const runs = values.quick ? 3 : 7;

const notes = `Medians of whole processes that took turns on ${cpus().length} cores, Node ${process.versions.node}.
All programs talk to the same libvirtd and its test driver, whose guests are as the policy promises. "down" guests are
defined and off, "running" ones run. "XML compared" is the same policy with each guest's definition in it, which Berth
compares with libvirt's and cf-agent does not look at. cf-agent is the installed program with its built-in URI for type test
(test:///default, a driver inside its own process) made empty, so that libvirt takes LIBVIRT_DEFAULT_URI; nothing else
differs. CALLS were counted in a run of their own through a proxy.
`;

try {
  if (values.only.includes("fleet")) casesNamed(values.case);
  // As npm ci leaves it: sources may have been edited since.
  await buildBundle(fileURLToPath(new URL("../../packages/cli/dist", import.meta.url)));
  if (values.only.includes("host")) await benchHost();
  if (!targets.every(isMet)) process.exitCode = 1;
  keep();
  if (values.only.includes("fleet")) await benchFleetToo();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What there is so far, in the file of `--json`. */
function keep(fleet?: FleetBench): void {
  if (values.json === undefined) return;
  const measured = { figures, targets: [...targets, ...(fleet?.targets ?? [])], ...(fleet && { fleet }) };
  writeFileSync(values.json, `${JSON.stringify(measured, undefined, 2)}\n`);
}

async function benchFleetToo(): Promise<void> {
  const before = loadavg()[0]?.toFixed(1);
  const { quick, case: cases } = values;
  const fleet = await benchFleet({ quick, cases, minutes: Number(values.minutes), onProgress: keep });
  const tables = [renderFleetFigures(fleet.figures), renderCosts(fleet.costs), renderFleetTargets(fleet.targets)];
  process.stdout.write(`${tables.filter((table) => table !== "").join("\n")}\n${fleetNotes}`);
  process.stdout.write(
    `${cpus().length} cores, Node ${process.versions.node}; load before the first case ${before}.\n`,
  );
  for (const sentence of fleet.skipped) process.stdout.write(`${sentence}\n`);
  if (!fleet.targets.every(isMet) || fleet.skipped.length > 0) process.exitCode = 1;
}

async function benchHost(): Promise<void> {
  requireTools();
  for (const count of values.quick ? [10, 1000] : [10, 100, 1000]) {
    for (const condition of ["down", "running"] as const) await compareOnFleet(count, condition);
  }
  await compareChecks(1000);
  await passOverTenThousand();
  judge();
  process.stdout.write(`${renderFigures(figures, targets)}\n${notes}\n`);
}

/** All programs on one fleet that is as its policy promises. */
async function compareOnFleet(count: number, condition: Condition): Promise<void> {
  await using fleet = await startFleet(count, condition);
  const policy = writePolicy(folder, count, { state: condition, withSpec: false });
  const withSpec = writePolicy(folder, count, { state: condition, withSpec: true });
  const name = `${count} ${condition}`;
  progress(name);
  const programs: readonly [name: string, build: (place: RunPlace) => Program][] = [
    ["berth converge", (place) => berthConverge(policy, place)],
    ["berth converge, XML compared", (place) => berthConverge(withSpec, place)],
    ["cf-agent -K", (place) => cfAgent(policy, place)],
    ["virsh list --all", virshList],
    ["virsh domstate for each", (place) => virshStates(fleet, place)],
  ];
  const isSlow = (program: string) => program === "cf-agent -K" && condition === "running" && count > 100;
  const contenders = programs.map(([program, build]) => {
    return { program: build({ folder, uri: fleet.uri }), runs: isSlow(program) ? 1 : runs };
  });
  const samples = await measureInTurns(contenders);
  for (const [index, [program, build]] of programs.entries()) {
    const [sample, contender] = [samples[index], contenders[index]];
    if (sample === undefined || contender === undefined) continue;
    const calls = await countCalls(fleet, build({ folder, uri: fleet.countedUri }));
    figures.push({ program, fleet: name, guests: count, ...sample, calls, runs: contender.runs });
  }
  if (count === 1000) await compareWarm(fleet, policy, name);
}

async function countCalls(fleet: Fleet, program: Program): Promise<number> {
  fleet.proxy.clear();
  await measure(program);
  return fleet.proxy.procedures.length;
}

async function compareWarm(fleet: Fleet, policy: string, name: string): Promise<void> {
  progress(`${name}: warm pass`);
  const { passSeconds, bulkStatsSeconds } = await measureWarmPass(fleet, policy, join(folder, "warm"), 21);
  const common = { fleet: name, guests: fleet.count, cpuSeconds: Number.NaN, peakMib: 0, runs: 21 };
  figures.push({ program: "berth, warm pass in one process", wallSeconds: passSeconds, ...common });
  figures.push({ program: "one bulk stats call", wallSeconds: bulkStatsSeconds, ...common });
  targets.push({
    what: `warm pass, ${name}, beside one bulk stats call`,
    limit: 5,
    seen: passSeconds / bulkStatsSeconds,
    unit: "x",
  });
}

async function compareChecks(count: number): Promise<void> {
  const writtenOut = writePolicy(folder, count, { state: "running", withSpec: true });
  const iterated = writeIteratedPolicy(folder, count);
  for (const [fleet, policy] of [
    [`${count} promises`, writtenOut],
    [`1 promise, ${count} times`, iterated],
  ] as const) {
    progress(fleet);
    const programs = [berthCheck(policy), cfPromises(policy)];
    const samples = await measureInTurns(programs.map((program) => ({ program, runs: runs * 2 })));
    for (const [index, sample] of samples.entries()) {
      const program = index === 0 ? "berth check" : "cf-promises -c";
      figures.push({ program, fleet, guests: count, ...sample, runs: runs * 2 });
    }
  }
}

/** From nothing to ten thousand running guests in one pass, then a pass with nothing to do. */
async function passOverTenThousand(): Promise<void> {
  const count = 10_000;
  await using fleet = await startFleet(count, "running", false);
  const policy = writePolicy(folder, count, { state: "create", withSpec: true });
  for (const program of ["berth converge, all created", "berth converge, XML compared"]) {
    progress(`${count} guests: ${program}`);
    const sample = await measure(berthConverge(policy, { folder, uri: fleet.uri }));
    figures.push({ program, fleet: `${count} running`, guests: count, ...sample, runs: 1 });
    targets.push({ what: `peak memory, ${count} guests, ${program}`, limit: 400, seen: sample.peakMib, unit: "MiB" });
  }
  const active = await fleet.connection.domains.list({ active: true });
  const ours = active.filter(({ name }) => name.startsWith("guest-")).length;
  targets.push({ what: `guests that do not run after one pass over ${count}`, limit: 0, seen: count - ours, unit: "" });
}

function judge(): void {
  for (const condition of ["down", "running"]) {
    const fleet = `1000 ${condition}`;
    targets.push({
      what: `pass with nothing to do, ${fleet}, whole process`,
      limit: 0.25,
      seen: wallOf(fleet, "berth converge") / wallOf(fleet, "cf-agent -K"),
      unit: "x cf-agent",
    });
  }
  targets.push({
    what: "berth check on the policy of 1000 promises",
    limit: 3,
    seen: wallOf("1000 promises", "berth check") / wallOf("1000 promises", "cf-promises -c"),
    unit: "x cf-promises",
  });
  // In CPU time: waiting for libvirtd is the same for every call, and for everybody.
  const program = "berth converge, XML compared";
  const early = (cpuOf("1000 running", program) - cpuOf("10 running", program)) / 990;
  const late = (cpuOf("10000 running", program) - cpuOf("1000 running", program)) / 9000;
  targets.push({
    what: "CPU of one more guest, 1000 to 10000 beside 10 to 1000",
    limit: 1.5,
    seen: late / early,
    unit: "x",
  });
}

function wallOf(fleet: string, program: string): number {
  return figureOf(fleet, program).wallSeconds;
}

function cpuOf(fleet: string, program: string): number {
  return figureOf(fleet, program).cpuSeconds;
}

function figureOf(fleet: string, program: string): Figure {
  const figure = figures.find((one) => one.fleet === fleet && one.program === program);
  if (figure === undefined) throw new Error(`no figure for ${program} on ${fleet}`);
  return figure;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
