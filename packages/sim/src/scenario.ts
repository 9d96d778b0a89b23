import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { grantMs, profiles } from "@berth/claims";
import { boundMs } from "./draw-fleet.ts";
import type { Fault } from "./faults.ts";
import {
  type FleetSpec,
  type GuestSpec,
  nodeCount,
  nodeName,
  type OnIsolated,
  type ProfileName,
  type Timing,
} from "./fleet-spec.ts";
import { Journal } from "./journal.ts";
import { readFault, ScenarioError, Words } from "./scenario-text.ts";
import { whatIsMissing } from "./wholeness.ts";
import { World } from "./world.ts";

/**
 * A story that a person can review: a folder with a sentence (README), a list of commands, and the journal of the run
 * (log.golden). The commands hold expectations too, checked on the simulated processes; the journal says why.
 */
export interface Scenario {
  readonly spec: FleetSpec;
  readonly runMs: number;
  readonly expectations: readonly Expectation[];
}

type Expectation = { readonly atMs: number; readonly line: number } & (
  | { readonly kind: "on"; readonly guest: string; readonly nodes: readonly number[] }
  | { readonly kind: "paused"; readonly guest: string; readonly node: number }
  | { readonly kind: "off"; readonly guest: string; readonly node: number }
  /** Exactly one copy executes, wherever. */
  | { readonly kind: "once"; readonly guest: string }
  | { readonly kind: "whole" }
  | { readonly kind: "violation"; readonly code: string }
);

/** What came of one run of a scenario. */
export interface ScenarioResult {
  readonly journal: string;
  /** What was expected and did not come true. */
  readonly failures: readonly string[];
}

/** Runs the commands of one scenario folder. */
export function runScenario(folder: string): ScenarioResult {
  const scenario = parseScenario(readFileSync(join(folder, "commands"), "utf8"));
  const journal = new Journal();
  const world = new World(scenario.spec, { journal });
  const failures: string[] = [];
  const violationsExpected = scenario.expectations.filter(({ kind }) => kind === "violation");
  for (const expectation of scenario.expectations) {
    const check = (): void => {
      const problem = judge(world, expectation);
      if (problem !== undefined) failures.push(`line ${expectation.line}: ${problem}`);
    };
    if (expectation.kind !== "violation") world.queue.at(expectation.atMs, check, undefined);
  }
  while (world.queue.runNext(scenario.runMs)) {
    // A known limit is shown to its end: the journal goes on after the violation.
  }
  for (const expectation of violationsExpected) {
    if (expectation.kind !== "violation") continue;
    if (!world.oracle.violations.some(({ code }) => code === expectation.code)) {
      failures.push(`line ${expectation.line}: expected the violation ${expectation.code}, which did not happen`);
    }
  }
  if (violationsExpected.length === 0) {
    for (const { code, atMs, text } of world.oracle.violations) failures.push(`${code} at ${atMs / 1000} s: ${text}`);
  }
  return { journal: `${journal.render()}\n`, failures };
}

/** Runs a scenario and compares its journal with the golden one, or (with `update`) writes the golden one. */
export function checkScenario(folder: string, update: boolean): readonly string[] {
  const { journal, failures } = runScenario(folder);
  const golden = join(folder, "log.golden");
  if (update) {
    writeFileSync(golden, journal);
    return failures;
  }
  const difference = firstDifference(readFileSync(golden, "utf8"), journal);
  return difference === undefined ? failures : [...failures, difference];
}

function firstDifference(golden: string, now: string): string | undefined {
  if (golden === now) return undefined;
  const wanted = golden.split("\n");
  const found = now.split("\n");
  const at = wanted.findIndex((line, index) => line !== found[index]);
  const line = at < 0 ? wanted.length : at;
  return `the journal differs from log.golden in line ${line + 1}\n  golden: ${wanted[line] ?? "(end)"}\n  now:    ${found[line] ?? "(end)"}`;
}

/** @throws ScenarioError with code SCENARIO_SYNTAX */
export function parseScenario(text: string): Scenario {
  const draft = new Draft();
  for (const [index, raw] of text.split("\n").entries()) {
    const words = raw
      .replace(/#.*/, "")
      .split(/\s+/)
      .filter((word) => word !== "");
    if (words.length > 0) draft.read(draft.words(index + 1, words));
  }
  return draft.finish();
}

class Draft {
  #hosts = 3;
  #witnesses = 0;
  #spares = 0;
  #voters: number[] | undefined;
  #profile: ProfileName = "lan";
  #timing: Timing = "steady";
  #seed = 1;
  #guests: GuestSpec[] = [];
  #faults: Fault[] = [];
  #expectations: Expectation[] = [];
  #runMs = 60_000;

  words(line: number, words: readonly string[]): Words {
    const guestOf = (name: string): number | undefined => {
      const at = this.#guests.findIndex((guest) => guest.name === name);
      return at < 0 ? undefined : at;
    };
    return new Words(line, words, (name) => this.#nodeOf(name), guestOf);
  }

  read(words: Words): void {
    const command = words.word();
    switch (command) {
      case "hosts":
        this.#hosts = words.number();
        break;
      case "witness":
        this.#witnesses = words.number();
        break;
      case "spares":
        this.#spares = words.number();
        break;
      case "voters":
        this.#voters = words.nodes();
        break;
      case "profile":
        this.#profile = readProfile(words);
        break;
      case "timing":
        this.#timing = readTiming(words);
        break;
      case "seed":
        this.#seed = words.number();
        break;
      case "guest":
        this.#guests.push(this.#readGuest(words));
        break;
      case "at":
        this.#readAt(words);
        break;
      case "run":
        this.#runMs = words.timeMs();
        break;
      case "expect":
        this.#readExpectation(words, Number.NaN);
        break;
      default:
        throw new ScenarioError(words.line, `"${command}" is not a command`);
    }
    words.end();
  }

  finish(): Scenario {
    const voters = this.#voters ?? defaultVoters(this.#hosts + this.#witnesses);
    const { fenceMs, rho } = profiles[this.#profile];
    const spec: FleetSpec = {
      seed: this.#seed,
      profile: this.#profile,
      hosts: this.#hosts,
      witnesses: this.#witnesses,
      spares: this.#spares,
      voters,
      guests: this.#guests,
      rho: this.#timing === "steady" ? 0 : rho,
      timing: this.#timing,
      faults: this.#faults,
      tailMs: boundMs(grantMs(profiles[this.#profile]), fenceMs, this.#hosts),
    };
    const last = this.#runMs - 1;
    const expectations = this.#expectations.map((e) => (Number.isNaN(e.atMs) ? { ...e, atMs: last } : e));
    return { spec, runMs: this.#runMs, expectations };
  }

  #nodeOf(name: string): number | undefined {
    const shape = { hosts: this.#hosts, witnesses: this.#witnesses, spares: this.#spares } as FleetSpec;
    for (let node = 0; node < nodeCount(shape); node++) if (nodeName(shape, node) === name) return node;
    return undefined;
  }

  #readAt(words: Words): void {
    const atMs = words.timeMs();
    if (words.take("expect")) {
      this.#readExpectation(words, atMs);
      return;
    }
    const body = readFault(words) ?? words.fail(`"${words.next ?? ""}" is not a fault`);
    this.#faults.push({ atMs, ...body });
  }

  #readExpectation(words: Words, atMs: number): void {
    const { line } = words;
    if (words.take("whole")) this.#expectations.push({ kind: "whole", atMs, line });
    else if (words.take("violation"))
      this.#expectations.push({ kind: "violation", code: words.word("a code"), atMs, line });
    else {
      const guest = this.#guests[words.guest()]?.name ?? "";
      if (words.take("once")) this.#expectations.push({ kind: "once", guest, atMs, line });
      else if (words.take("nowhere")) this.#expectations.push({ kind: "on", guest, nodes: [], atMs, line });
      else if (words.take("on")) this.#expectations.push({ kind: "on", guest, nodes: words.nodes(), atMs, line });
      else if (words.take("paused")) {
        words.expect("on");
        this.#expectations.push({ kind: "paused", guest, node: words.node(), atMs, line });
      } else {
        words.expect("off");
        words.expect("on");
        this.#expectations.push({ kind: "off", guest, node: words.node(), atMs, line });
      }
    }
  }

  #readGuest(words: Words): GuestSpec {
    const name = words.word("a name");
    const guest = {
      name,
      mode: "quorum" as GuestSpec["mode"],
      onIsolated: { kind: "pause" } as OnIsolated,
      eligible: Array.from({ length: this.#hosts + this.#spares }, (_, i) =>
        i < this.#hosts ? i : i + this.#witnesses,
      ),
      keep: "longest_running" as GuestSpec["keep"],
      memoryMib: 1024,
      runsAlreadyOn: [] as number[],
    };
    while (!words.done) {
      const option = words.word();
      if (option === "on") guest.eligible = words.nodes();
      else if (option === "runs-on") guest.runsAlreadyOn = words.nodes();
      else if (option === "gossip") guest.mode = "gossip";
      else if (option === "newest-epoch") guest.keep = "newest_epoch";
      else if (option === "isolated") guest.onIsolated = readIsolated(words);
      else words.fail(`"${option}" is not an option of a guest`);
    }
    return guest;
  }
}

function readIsolated(words: Words): OnIsolated {
  const kind = words.word("pause, down, pause-then-down or run");
  if (kind === "pause" || kind === "down" || kind === "run") return { kind };
  if (kind === "pause-then-down") return { kind, afterMs: words.timeMs() };
  return words.fail(`"${kind}" is not pause, down, pause-then-down or run`);
}

function readProfile(words: Words): ProfileName {
  const name = words.word("a profile");
  if (name in profiles) return name as ProfileName;
  return words.fail(`there is no profile "${name}"`);
}

function readTiming(words: Words): Timing {
  const name = words.word("a timing");
  if (name === "steady" || name === "ordinary" || name === "adversarial") return name;
  return words.fail(`"${name}" is not steady, ordinary or adversarial`);
}

function defaultVoters(members: number): number[] {
  return members < 3 ? [0] : members < 10 ? [0, 1, 2] : [0, 1, 2, 3, 4];
}

function judge(world: World, expectation: Expectation): string | undefined {
  switch (expectation.kind) {
    case "violation":
      return undefined;
    case "whole": {
      const missing = whatIsMissing(world);
      return missing.length === 0 ? undefined : `the fleet is not whole: ${missing.join("; ")}`;
    }
    case "on": {
      const nodes = world.oracle.executions.copiesOf(expectation.guest).map(({ node }) => node);
      const same = nodes.length === expectation.nodes.length && expectation.nodes.every((node) => nodes.includes(node));
      return same
        ? undefined
        : `${expectation.guest} executes on ${names(world, nodes)}, expected ${names(world, expectation.nodes)}`;
    }
    case "once": {
      const count = world.oracle.executions.copiesOf(expectation.guest).length;
      return count === 1 ? undefined : `${count} copies of ${expectation.guest} execute, expected one`;
    }
    case "paused":
    case "off": {
      const process = world.machineAt(expectation.node).hypervisor.processes.get(expectation.guest);
      const state = process === undefined ? "off" : process.paused ? "paused" : "running";
      return state === expectation.kind
        ? undefined
        : `${expectation.guest} is ${state} there, expected ${expectation.kind}`;
    }
  }
}

function names(world: World, nodes: readonly number[]): string {
  return nodes.length === 0 ? "no host" : nodes.map((node) => world.machineAt(node).name).join(" and ");
}
