import { profiles } from "@berth/claims";
import type { FleetSpec } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";
import { inSeconds, summarise, table } from "./statistics.ts";
import { World } from "./world.ts";

/** How a fleet comes up: for the first time, or after a power cut that hit all of it. */
export type StartKind = "first start" | "power back";

/** What one start gave. */
export interface Spread {
  /** Guests per host, in the order of the hosts. */
  readonly guests: readonly number[];
  /** From the first host's start until each guest executed. */
  readonly startedMs: readonly number[];
  /** Guests that are elsewhere than before the cut. */
  readonly moved: number;
}

/** Of so many guests on five hosts each should have between these. */
export const spreadTargets = { least: 10, most: 30 } as const;

const hosts = 5;
const guestCount = 100;
const watchedMs = 40_000;
const cutAtMs = 40_000;
const darkMs = 20_000;

/** Starts five equal hosts and a hundred guests, the hosts in a drawn order within `withinMs`. */
export function startFleet(kind: StartKind, seed: number, withinMs: number): Spread {
  const random = Prng.stream(seed, "start");
  const startsMs = Array.from({ length: hosts }, () => random.between(0, withinMs));
  const first = Math.min(...startsMs);
  const spec = startingFleet(seed);
  const world = new World(spec, { steadyHypervisors: true, startsMs: kind === "first start" ? startsMs : [] });
  let fromMs = first;
  let before = new Map<string, number>();
  if (kind === "power back") {
    world.runUntil(cutAtMs);
    before = owners(world);
    fromMs = cutAtMs + darkMs + first;
    for (const machine of world.machines) machine.addOffReason(1);
    for (const [node, startMs] of startsMs.entries())
      world.queue.at(cutAtMs + darkMs + startMs, () => world.machineAt(node).addOffReason(-1), undefined);
  }
  const startedMs = new Map<string, number>();
  world.oracle.onExecution = (guest, _node, executing) => {
    if (executing && !startedMs.has(guest)) startedMs.set(guest, world.queue.nowMs - fromMs);
  };
  world.runUntil(fromMs + watchedMs);
  const now = owners(world);
  const guests = Array.from({ length: hosts }, (_, node) => [...now.values()].filter((n) => n === node).length);
  const moved = [...before].filter(([guest, node]) => now.get(guest) !== node).length;
  return { guests, startedMs: [...startedMs.values()], moved };
}

function owners(world: World): Map<string, number> {
  const found = new Map<string, number>();
  for (const { name } of world.spec.guests)
    for (const { node } of world.oracle.executions.copiesOf(name)) found.set(name, node);
  return found;
}

function startingFleet(seed: number): FleetSpec {
  const guests = Array.from({ length: guestCount }, (_, index) => ({
    name: `vm${index + 1}`,
    mode: "quorum" as const,
    onIsolated: { kind: "pause" as const },
    eligible: [0, 1, 2, 3, 4],
    keep: "longest_running" as const,
    memoryMib: 64,
    runsAlreadyOn: [],
  }));
  const base = { seed, profile: "lan" as const, hosts, witnesses: 0, spares: 0, voters: [0, 1, 2], guests };
  return { ...base, rho: profiles.lan.rho, timing: "ordinary", faults: [], tailMs: 0 };
}

/** The table of starts; false when a host gets fewer or more guests than it should. */
export function reportStart(say: (line: string) => void, seeds = 20): boolean {
  let met = true;
  const rows: string[][] = [];
  for (const kind of ["first start", "power back"] as const)
    for (const withinMs of [0, 1_000, 3_000]) {
      const runs = Array.from({ length: seeds }, (_, index) => startFleet(kind, index + 1, withinMs));
      const least = Math.min(...runs.flatMap(({ guests }) => guests));
      const most = Math.max(...runs.flatMap(({ guests }) => guests));
      const { count, p50, p95, max } = summarise(runs.flatMap(({ startedMs }) => startedMs));
      met &&= least >= spreadTargets.least && most <= spreadTargets.most && count === seeds * guestCount;
      const moved = runs.reduce((sum, run) => sum + run.moved, 0);
      const times = [inSeconds(p50), inSeconds(p95), inSeconds(max)];
      rows.push([kind, inSeconds(withinMs), `${least} to ${most}`, ...times, `${moved} of ${seeds * guestCount}`]);
    }
  say(
    `A whole fleet starts (5 hosts, 3 voters, ${guestCount} guests, profile lan, starts of 0.4 s, seeds 1 to ${seeds}); wanted: ${spreadTargets.least} to ${spreadTargets.most} guests on each host`,
  );
  const head = ["start", "hosts within", "guests on a host", "executing p50", "p95", "max", "guests that moved"];
  say(table(head, rows));
  return met;
}
