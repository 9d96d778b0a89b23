import { parseArgs } from "node:util";
import { type DrawOptions, drawFleet } from "./draw-fleet.ts";
import type { ProfileName, Timing } from "./fleet-spec.ts";
import { Journal } from "./journal.ts";
import { type ManySeeds, runManySeeds } from "./many-seeds.ts";
import { measure, measurementNames } from "./measure.ts";
import { mutantNamed, mutants, runMutant } from "./mutants.ts";
import { runFleet } from "./run-fleet.ts";
import { checkScenario } from "./scenario.ts";
import { scenarioFolder, scenarioNames } from "./scenario-folders.ts";
import { describeFailure, fleetText, runSeed, shorten } from "./seed-run.ts";

/** The command of the simulator. Exit codes: 0 fine, 1 a promise was broken, 64 wrong usage. */
const usage = `usage: npm run sim -- [options]
  --seed N [--hosts H]           one fleet, with a readable log
  --seed S --seeds K             K fleets from seed S; stops at the first violation, with the line that replays it
  --profile P --timing T         fix what the seed would draw (fast lan lan-watchdog standard wan; ordinary adversarial)
  --rare                         a copied disk, a host confirmed dead or a reset quorum in every fleet
  --jobs J                       threads; all cores when there are many seeds
  --scenario NAME|all [--update] run one story and compare its log with the golden one (or write it)
  --mutant NAME|all              run one weakened protocol until the oracle catches it
  --list                         names of scenarios, mutants and measurements
  measure NAME|all               ${measurementNames.join(", ")}`;

const { values, positionals } = readArguments();
process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help === true) return say(usage, 0);
  if (values.list === true) return list();
  if (positionals[0] === "measure")
    return measure(positionals[1] ?? "all", (line) => process.stdout.write(`${line}\n`));
  if (values.scenario !== undefined) return scenarios(values.scenario, values.update === true);
  if (values.mutant !== undefined) return mutantRuns(values.mutant);
  if (values.seeds !== undefined) return seeds(toNumber("seeds", values.seeds));
  if (values.seed !== undefined) return oneSeed(toNumber("seed", values.seed));
  return say(usage, 64);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        hosts: { type: "string" },
        profile: { type: "string" },
        timing: { type: "string" },
        rare: { type: "boolean" },
        jobs: { type: "string" },
        scenario: { type: "string" },
        mutant: { type: "string" },
        update: { type: "boolean" },
        list: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(64);
  }
}

function drawOptions(): DrawOptions {
  return {
    ...(values.hosts === undefined ? {} : { hosts: toNumber("hosts", values.hosts) }),
    ...(values.profile === undefined ? {} : { profile: values.profile as ProfileName }),
    ...(values.timing === undefined ? {} : { timing: values.timing as Timing }),
    ...(values.rare === undefined ? {} : { rare: values.rare }),
  };
}

/** The options that a replay must repeat. */
function sameDraw(): string {
  const parts = [];
  for (const name of ["hosts", "profile", "timing"] as const) {
    if (values[name] !== undefined) parts.push(` --${name} ${values[name]}`);
  }
  if (values.rare === true) parts.push(" --rare");
  return parts.join("");
}

function oneSeed(seed: number): number {
  const spec = drawFleet(seed, drawOptions());
  const journal = new Journal();
  const result = runFleet(spec, { journal });
  say(`${fleetText(spec)}\n${journal.render()}`, 0);
  say(
    `trace ${result.traceHash}: ${result.events} events in ${(result.virtualMs / 1000).toFixed(0)} virtual seconds`,
    0,
  );
  if (result.violation === undefined) return say("the promise held", 0);
  return say(`${result.violation.code}: ${result.violation.text}`, 1);
}

async function seeds(count: number): Promise<number> {
  const first = values.seed === undefined ? 1 : toNumber("seed", values.seed);
  const jobs = values.jobs === undefined ? {} : { jobs: toNumber("jobs", values.jobs) };
  let lastSaidMs = 0;
  const onProgress = (soFar: ManySeeds): void => {
    if (soFar.realMs - lastSaidMs < 5000 || soFar.ran >= count) return;
    lastSaidMs = soFar.realMs;
    const leftS = ((soFar.realMs / soFar.ran) * (count - soFar.ran)) / 1000;
    process.stderr.write(`${soFar.ran} of ${count} fleets, ${speed(soFar)}, about ${duration(leftS)} left\n`);
  };
  const sums = await runManySeeds({ first, count, draw: drawOptions(), mutant: undefined, onProgress, ...jobs });
  if (sums.failed === undefined) {
    const days = (sums.virtualMs / 86_400_000).toFixed(2);
    const text = `${sums.ran} fleets (seeds ${first} to ${first + count - 1}), ${days} virtual days, ${sums.takeovers} takeovers, ${sums.events} events: no violation; ${speed(sums)}, ${duration(sums.realMs / 1000)}`;
    return say(text, 0);
  }
  const failure = runSeed(sums.failed, drawOptions());
  if (failure === undefined) return say(`seed ${sums.failed} failed in a worker and not here: not deterministic`, 1);
  process.stderr.write(`seed ${sums.failed} failed; looking for the shortest trace\n`);
  return say(describeFailure(shorten(failure), `npm run sim -- --seed ${sums.failed}${sameDraw()}`), 1);
}

function scenarios(name: string, update: boolean): number {
  let failed = 0;
  if (name !== "all" && !scenarioNames().includes(name)) {
    process.stderr.write(`there is no scenario ${name}; there are: all, ${scenarioNames().join(", ")}\n`);
    return 64;
  }
  for (const each of name === "all" ? scenarioNames() : [name]) {
    const failures = checkScenario(scenarioFolder(each), update);
    if (failures.length === 0) say(`ok    ${each}`, 0);
    else {
      failed += 1;
      say(`FAIL  ${each}\n  ${failures.join("\n  ")}`, 0);
    }
  }
  return failed === 0 ? 0 : 1;
}

function mutantRuns(name: string): number {
  let survived = 0;
  for (const mutant of name === "all" ? mutants : [mutantNamed(name)]) {
    const outcome = runMutant(mutant);
    if (outcome.caught) say(`caught    ${mutant.name}: ${outcome.text}`, 0);
    else {
      survived += 1;
      say(`SURVIVED  ${mutant.name}: ${outcome.text}`, 0);
    }
  }
  return survived === 0 ? 0 : 1;
}

function list(): number {
  say(`scenarios:\n  ${scenarioNames().join("\n  ")}`, 0);
  say(`mutants:\n  ${mutants.map(({ name, weakens }) => `${name}: ${weakens}`).join("\n  ")}`, 0);
  return say(`measurements:\n  ${measurementNames.join("\n  ")}`, 0);
}

function speed(sums: ManySeeds): string {
  return `${Math.round(sums.virtualMs / sums.realMs)} virtual seconds per second`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function toNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${option} needs a number, not "${text}"\n`);
  process.exit(64);
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
}
