/**
 * Kills a pass with SIGKILL at a random moment, again and again, and looks whether the next pass gets everything to
 * where it was promised, and whether the one after that finds nothing to do. A failure prints the seed; run it again
 * with BERTH_KILL_SEED=<seed>.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd, startTestDriverLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { type BerthConfig, defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost } from "../src/converge.ts";
import type { PassReport } from "../src/pass-report.ts";
import { fleetPolicy, type GuestLine } from "./fleet-policy.ts";

const seed = Number(process.env.BERTH_KILL_SEED ?? Date.now() % 1_000_000);
const childScript = new URL("./converge-process.ts", import.meta.url).pathname;

/** mulberry32: a small generator whose whole state is the seed. */
function randomFrom(state: number): () => number {
  let a = state >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-kill-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a round runs on: how guests and networks look there. */
interface Ground {
  readonly config: BerthConfig;
  readonly type: "kvm" | "test";
  readonly guests: number;
  readonly guestXml: (name: string, vcpus: number) => string;
  readonly networkXml: (name: string) => string;
}

const guestStates = ["create", "running", "suspended", "down", "delete"] as const;
/** `running` and `suspended` need something that exists or can be made; with XML all states can always be reached. */
function randomFleet(ground: Ground, random: () => number): GuestLine[] {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const guests = Array.from({ length: ground.guests }, (_, index): GuestLine => {
    const name = `guest-${index}`;
    const vcpus = pick([1, 2]);
    return { name, type: ground.type, state: pick(guestStates), resources: { env_spec: ground.guestXml(name, vcpus) } };
  });
  const networks = ["net-0", "net-1"].map(
    (name): GuestLine => ({
      name,
      type: `${ground.type}_net`,
      state: pick(["create", "delete", "down"]),
      resources: { env_spec: ground.networkXml(name) },
    }),
  );
  return [...networks, ...guests];
}

/** A process that has loaded everything and waits for the word to begin. */
class WaitingPass {
  readonly child: ChildProcess;
  readonly #lines: Interface;

  constructor(config: BerthConfig, file: string) {
    const argument = JSON.stringify({ config, options: { files: [file], ignoreLocks: true } });
    // Compiled code is kept between the rounds: reading the sources anew takes longer than a round.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compile-cache") };
    this.child = spawn(process.execPath, [childScript, argument], { stdio: ["pipe", "pipe", "inherit"], env });
    const { stdout } = this.child;
    if (stdout === null) throw new Error("the child has no standard output");
    this.#lines = createInterface({ input: stdout });
  }

  async ready(): Promise<void> {
    await once(this.#lines, "line");
  }

  /** Lets it run, and kills it so long after it said the word. */
  async killAfter(word: "begin" | "step", delayMs: number): Promise<Ending> {
    const exited = once(this.child, "exit");
    let timer: NodeJS.Timeout | undefined;
    const saidMs = new Map<string, number>();
    this.#lines.on("line", (line) => {
      saidMs.set(line, performance.now());
      if (line === word) timer = setTimeout(() => this.child.kill("SIGKILL"), delayMs);
    });
    this.child.stdin?.write("go\n");
    const [, signal] = (await exited) as [number | null, string | null];
    clearTimeout(timer);
    this.#lines.close();
    const sinceMs = (from: string) => performance.now() - (saidMs.get(from) ?? performance.now());
    return { killed: signal === "SIGKILL", beginMs: sinceMs("begin"), stepMs: sinceMs("step") };
  }
}

/** How a process ended, and how long before that it had said its words. */
interface Ending {
  readonly killed: boolean;
  readonly beginMs: number;
  readonly stepMs: number;
}

/** How many passes were killed, and how many of those when some of their steps were done and others not. */
interface Tally {
  killed: number;
  halfway: number;
}

/**
 * Where in a pass a kill lands is chance, and depends on how busy the machine is: beyond the rounds that were asked for there
 * are up to twice as many more until enough of them were killed, and killed halfway.
 */
async function killRounds(ground: Ground, rounds: number, enough: Tally, random: () => number): Promise<Tally> {
  const tally = { killed: 0, halfway: 0 };
  const goesOn = (round: number) =>
    round < rounds || (round < 3 * rounds && (tally.killed < enough.killed || tally.halfway < enough.halfway));
  // What a whole pass of a fresh process takes, and its steps alone; corrected by every pass that gets through.
  let whole = await wholePass(ground, random);
  await using host = new BerthHost({ config: ground.config });
  const files = [join(folder, "even.cf"), join(folder, "odd.cf")] as const;
  const prepare = async (round: number) => {
    const file = files[round % 2 === 0 ? 0 : 1];
    writeFileSync(file, fleetPolicy(randomFleet(ground, random)));
    const pass = new WaitingPass(ground.config, file);
    await pass.ready();
    return { file, pass };
  };
  // The next process starts up while the round goes on: starting takes longer than a round.
  let next = prepare(0);
  try {
    for (let round = 0; goesOn(round); round += 1) {
      const { file, pass } = await next;
      next = prepare(round + 1);
      const options = { files: [file], ignoreLocks: true };
      const planned = stepsIn(await host.converge({ ...options, dryRun: true }));
      // Most kills while the steps are done, where there is something to break; the others anywhere from the start.
      const [word, spanMs] = random() < 0.7 ? (["step", whole.stepMs] as const) : (["begin", whole.beginMs] as const);
      const ending =
        planned === 0 ? await pass.killAfter("begin", 60_000) : await pass.killAfter(word, random() * spanMs * 1.15);
      if (ending.killed) tally.killed += 1;
      else if (planned > 0) whole = ending;
      const repaired = await host.converge(options);
      if (stepsIn(repaired) > 0 && stepsIn(repaired) < planned) tally.halfway += 1;
      const again = await host.converge(options);
      const about = `seed ${seed}, round ${round}`;
      const troubles = [...repaired.promises, ...again.promises].filter(({ outcome }) => !isFine(outcome));
      expect(
        troubles.map(({ name, reason }) => `${name}: ${reason}`),
        about,
      ).toEqual([]);
      expect(
        again.promises.filter(({ outcome }) => outcome !== "kept"),
        about,
      ).toEqual([]);
    }
  } finally {
    (await next).pass.child.kill("SIGKILL");
  }
  return tally;
}

function stepsIn(report: PassReport): number {
  return report.promises.reduce((sum, { steps }) => sum + steps.length, 0);
}

/** One pass that is not killed: it tells how long a pass takes, and leaves its compiled code behind. */
async function wholePass(ground: Ground, random: () => number): Promise<Ending> {
  const file = join(folder, "whole.cf");
  writeFileSync(file, fleetPolicy(randomFleet(ground, random)));
  const pass = new WaitingPass(ground.config, file);
  await pass.ready();
  const ending = await pass.killAfter("begin", 60_000);
  expect(ending.killed).toBe(false);
  return ending;
}

function isFine(outcome: string): boolean {
  return outcome === "kept" || outcome === "repaired";
}

test("a pass on the embedded hypervisor may be killed anywhere: the next one gets there (50 rounds)", async () => {
  const ground: Ground = {
    config: { ...defaultConfig, embedded: true, stateDir: join(folder, "embedded"), shutdownTimeoutMs: 0 },
    type: "kvm",
    guests: 12,
    guestXml: (name, vcpus) => tinyGuestXml({ name, type: "kvm", vcpus }),
    networkXml: (name) => `<network><name>${name}</name></network>`,
  };
  const enough = { killed: 21, halfway: 6 };
  const tally = await killRounds(ground, 50, enough, randomFrom(seed));
  expect(tally.killed).toBeGreaterThanOrEqual(enough.killed);
  expect(tally.halfway).toBeGreaterThanOrEqual(enough.halfway);
}, 240_000);

test("a pass on libvirt's test driver may be killed anywhere: the next one gets there (30 rounds)", async () => {
  await using libvirtd: PrivateLibvirtd = await startTestDriverLibvirtd();
  const ground: Ground = {
    config: { ...defaultConfig, uris: { test: libvirtd.testUri() }, stateDir: join(folder, "test-driver") },
    type: "test",
    guests: 12,
    guestXml: (name, vcpus) => tinyGuestXml({ name, type: "test", vcpus }),
    networkXml: (name) => `<network><name>${name}</name></network>`,
  };
  const enough = { killed: 13, halfway: 4 };
  const tally = await killRounds(ground, 30, enough, randomFrom(seed + 1));
  expect(tally.killed).toBeGreaterThanOrEqual(enough.killed);
  expect(tally.halfway).toBeGreaterThanOrEqual(enough.halfway);
}, 240_000);

test("a pass on QEMU may be killed anywhere: the next one gets there (20 rounds)", async () => {
  await using libvirtd: PrivateLibvirtd = await startLibvirtd();
  const ground: Ground = {
    config: {
      ...defaultConfig,
      uris: { kvm: libvirtd.qemuUri() },
      stateDir: join(folder, "qemu"),
      shutdownTimeoutMs: 100,
    },
    type: "kvm",
    guests: 4,
    guestXml: (name, vcpus) => tinyGuestXml({ name, vcpus }),
    networkXml: (name) => `<network><name>${name}</name><bridge name='${name}'/></network>`,
  };
  const enough = { killed: 7, halfway: 3 };
  const tally = await killRounds(ground, 20, enough, randomFrom(seed + 2));
  expect(tally.killed).toBeGreaterThanOrEqual(enough.killed);
  expect(tally.halfway).toBeGreaterThanOrEqual(enough.halfway);
}, 240_000);
