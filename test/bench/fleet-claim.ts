/**
 * What a claim costs Berth: two rounds to the voters, each durable at a majority before it is answered, over a network of
 * namespaces. `npm run bench` runs it; alone, with the parts of the time: `node test/bench/fleet-claim.ts [--count N]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeFleet } from "@berth/agent/fleet/make-fleet";
import { profiles } from "@berth/claims";
import { PeerRack, until } from "./fleet-peer-hosts.ts";

const program = fileURLToPath(new URL("./fleet-claim-host.ts", import.meta.url));

/** One claim, in milliseconds. */
export interface ClaimTimes {
  /** From PREPARE leaving to a majority's promises, durable there. */
  readonly promiseMs: number;
  /** From ACCEPT leaving to a majority having the claim on its disks and this host knowing it. */
  readonly acceptMs: number;
}

/** What the claiming host measured. */
export interface ClaimRun {
  readonly claims: readonly ClaimTimes[];
  /** Milliseconds of each synced write of this host's own store. */
  readonly writes: readonly number[];
  /** Processor time of this host's process over all of it. */
  readonly cpuMs: number;
}

/** Three voters, one of which claims `count` guests one after the other. */
export async function measureClaims(folder: string, count: number): Promise<ClaimRun> {
  await using rack = await PeerRack.start(folder);
  const hosts = rack.hosts.map(({ name, address }) => {
    // On the disk, where the writes of a voter cost something.
    const stateDir = join(folder, `claim-${name}`);
    mkdirSync(stateDir, { mode: 0o700 });
    return { host: name, stateDir, listen: [`/ip4/${address}/tcp/7946`] };
  });
  await makeFleet(hosts, { fleet: "claims", profile: profiles.lan });
  const [first, ...others] = hosts;
  if (first === undefined) throw new Error("the rack has no host");
  for (const [index, { stateDir }] of others.entries()) {
    // They take no policy with guests in it, so they vote and claim nothing.
    rack.hosts[index + 1]?.start(process.execPath, program, stateDir, "0");
  }
  rack.hosts[0]?.start(process.execPath, program, first.stateDir, String(count));
  const timesFile = join(first.stateDir, "times.json");
  await until(`${count} guests are claimed`, () => read(timesFile) !== undefined, 180_000, 100);
  return JSON.parse(read(timesFile) ?? "") as ClaimRun;
}

/** From PREPARE leaving to the claim being known, sorted. */
export function claimMs({ claims }: ClaimRun): readonly number[] {
  return claims.map(({ promiseMs, acceptMs }) => promiseMs + acceptMs).sort((a, b) => a - b);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function lineOf(what: string, values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2);
  const slowest = (sorted.at(-1) ?? Number.NaN).toFixed(2);
  return `${what.padEnd(34)} p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, least ${at(0)} ms, most ${slowest} ms\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { count: { type: "string", default: "200" } } });
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-claims-"));
  try {
    const run = await measureClaims(folder, Number(values.count));
    process.stdout.write(lineOf("a claim", claimMs(run)));
    process.stdout.write(
      lineOf(
        "  to the promises of a majority",
        run.claims.map((claim) => claim.promiseMs),
      ),
    );
    process.stdout.write(
      lineOf(
        "  to its acceptance by a majority",
        run.claims.map((claim) => claim.acceptMs),
      ),
    );
    process.stdout.write(lineOf("one synced write of this host", run.writes));
    process.stdout.write(`processor time of this host: ${(run.cpuMs / run.claims.length).toFixed(2)} ms a claim\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
