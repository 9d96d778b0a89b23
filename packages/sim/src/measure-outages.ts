import { grantMs, profiles } from "@berth/claims";
import type { FaultBody } from "./faults.ts";
import type { FleetSpec, ProfileName } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";
import { inSeconds, summarise, table } from "./statistics.ts";
import { World } from "./world.ts";

/** What an outage of the network costs: how long guests stand still, and how many move although their host was well. */
const outagesMs = [1000, 5000, 30_000, 120_000];
const shapes: readonly { readonly name: string; readonly fault: (forMs: number) => FaultBody }[] = [
  { name: "whole network", fault: (forMs) => ({ kind: "outage", forMs }) },
  { name: "one host cut off", fault: (forMs) => ({ kind: "partition", side: [4], forMs }) },
];

interface OutageCost {
  readonly pausedMs: readonly number[];
  readonly takeovers: number;
}

/** Runs one shape of outage once per seed. */
export function measureOutage(profile: ProfileName, fault: FaultBody, seeds: number): OutageCost {
  const pausedMs: number[] = [];
  let takeovers = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const cost = outageCost(profile, fault, seed);
    pausedMs.push(...cost.pausedMs);
    takeovers += cost.takeovers;
  }
  return { pausedMs, takeovers };
}

/** How long each guest executed nowhere, from the outage to the end of the run. */
function outageCost(profile: ProfileName, fault: FaultBody, seed: number): OutageCost {
  const leaseMs = grantMs(profiles[profile]);
  const startMs = leaseMs + 20_000 + Prng.stream(seed, "outage").between(0, 5000);
  const spec = outageFleet(profile, seed);
  const world = new World({ ...spec, faults: [{ ...fault, atMs: startMs }] }, { steadyHypervisors: true });
  world.runUntil(startMs - 1);
  const before = world.oracle.takeovers.length;
  const stoppedAt = new Map<string, number>();
  const paused = new Map(spec.guests.map(({ name }): [string, number] => [name, 0]));
  world.oracle.onExecution = (guest, _node, executing) => {
    const { nowMs } = world.queue;
    if (executing) {
      paused.set(guest, (paused.get(guest) ?? 0) + nowMs - (stoppedAt.get(guest) ?? nowMs));
      stoppedAt.delete(guest);
    } else if (world.oracle.executions.copiesOf(guest).length === 0) stoppedAt.set(guest, nowMs);
  };
  const lasts = "forMs" in fault ? fault.forMs : 0;
  const endMs = startMs + lasts + 4 * leaseMs + 20_000;
  world.runUntil(endMs);
  for (const [guest, since] of stoppedAt) paused.set(guest, (paused.get(guest) ?? 0) + endMs - since);
  return { pausedMs: [...paused.values()], takeovers: world.oracle.takeovers.length - before };
}

function outageFleet(profile: ProfileName, seed: number): FleetSpec {
  const guests = Array.from({ length: 6 }, (_, index) => ({
    name: `web${index + 1}`,
    mode: "quorum" as const,
    onIsolated: { kind: "pause" as const },
    eligible: [0, 1, 2, 3, 4],
    keep: "longest_running" as const,
    memoryMib: 1024,
    runsAlreadyOn: [],
  }));
  const base = { seed, profile, hosts: 5, witnesses: 0, spares: 0, voters: [0, 1, 2], guests };
  return { ...base, rho: profiles[profile].rho, timing: "ordinary", faults: [], tailMs: 0 };
}

/** The table of outages. Always true: there is no target to miss. */
export function reportOutages(say: (line: string) => void, seeds = 20): boolean {
  say(`Outages (5 hosts, 3 voters, 6 guests, seeds 1 to ${seeds}): time in which a guest executed nowhere, and moves`);
  const rows: string[][] = [];
  for (const profile of ["fast", "lan", "standard"] as const) {
    for (const { name, fault } of shapes) {
      for (const forMs of outagesMs) {
        const { pausedMs, takeovers } = measureOutage(profile, fault(forMs), seeds);
        const { p50, p95, max } = summarise(pausedMs);
        const moves = `${takeovers} of ${pausedMs.length}`;
        rows.push([profile, name, inSeconds(forMs), inSeconds(p50), inSeconds(p95), inSeconds(max), moves]);
      }
    }
  }
  say(table(["profile", "outage", "lasts", "paused p50", "p95", "max", "guests that moved"], rows));
  return true;
}
