/** One process from outside: wall time, CPU time and peak memory, as the kernel counts them. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

/** What GNU time reports of one run. */
export interface Sample {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

/** A command line to measure. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const timeBinary = "/usr/bin/time";

/** Fails at once where something is missing that the bench needs beside the packages of the tests. */
export function requireTools(): void {
  const missing = Object.entries({
    time: timeBinary,
    cfengine3: "/usr/bin/cf-agent",
    "libvirt-clients": "/usr/bin/virsh",
  })
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name);
  if (missing.length === 0) return;
  throw new Error(`The bench needs Debian packages. Run as root: apt-get install -y ${missing.join(" ")}`);
}

/** Runs a program once. Rejects with its own words when it fails: a run that failed has no time worth quoting. */
export async function measure({ command, args, environment }: Program): Promise<Sample> {
  const began = performance.now();
  const child = spawn(timeBinary, ["-q", "-f", "\n%U %S %M", command, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const wallSeconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr.slice(-2000)}`);
  const [user = 0, system = 0, kib = 0] = (stderr.trimEnd().split("\n").at(-1) ?? "").split(" ").map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakMib: kib / 1024 };
}

/** A program and how often it is run. */
export interface Contender {
  readonly program: Program;
  readonly runs: number;
}

/**
 * The median of each figure for each program. The programs take turns, so that whatever else the machine does meets
 * all of them alike; one round before the first one warms caches.
 */
export async function measureInTurns(contenders: readonly Contender[]): Promise<Sample[]> {
  for (const { program, runs } of contenders) if (runs > 1) await measure(program);
  const samples = contenders.map((): Sample[] => []);
  const rounds = Math.max(...contenders.map(({ runs }) => runs));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { program, runs }] of contenders.entries()) {
      if (round < runs) samples[index]?.push(await measure(program));
    }
  }
  return samples.map((of) => ({
    wallSeconds: median(of.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: median(of.map(({ cpuSeconds }) => cpuSeconds)),
    peakMib: median(of.map(({ peakMib }) => peakMib)),
  }));
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
