/**
 * The fleet's part of `npm run bench`: Berth and its peers on hosts of this one machine, in the same run, so that ratios mean
 * something. Alone: `npm run bench -- --only fleet`.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTable } from "../../packages/cli/src/output/table.ts";
import type { Target } from "./figures.ts";
import { measureClaims } from "./fleet-claim.ts";
import { measureDuplicate, measureFailover } from "./fleet-failover.ts";
import { type FleetFigure, middle } from "./fleet-figures.ts";
import { type IdleCase, type IdleCost, measureIdle } from "./fleet-idle.ts";
import { measurePeers } from "./fleet-peers.ts";

/** Everything that was measured of fleets. */
export interface FleetBench {
  readonly figures: readonly FleetFigure[];
  readonly costs: readonly IdleCost[];
  readonly targets: readonly Target[];
  /** What was not measured, each with its reason. */
  readonly skipped: readonly string[];
}

const idleCases: readonly IdleCase[] = [
  { peers: 3, guests: 10 },
  { peers: 3, guests: 1000 },
  { peers: 10, guests: 10 },
  { peers: 10, guests: 1000 },
  { peers: 30, guests: 10 },
  { peers: 30, guests: 1000 },
];

/** The case that has targets. */
const judged: IdleCase = { peers: 10, guests: 1000 };

/** Measures all of it; what fails is named and does not keep the rest from being measured. */
export async function benchFleet(quick: boolean): Promise<FleetBench> {
  const figures: FleetFigure[] = [];
  const costs: IdleCost[] = [];
  const targets: Target[] = [];
  const skipped: string[] = [];
  const runs = quick ? 1 : 5;
  const attempt = async (what: string, measure: () => Promise<void>) => {
    process.stderr.write(`fleet: ${what}\n`);
    await measure().catch((error: Error) => {
      skipped.push(`${what} was not measured: ${error.message}`);
    });
  };
  const peers = await measurePeers(quick ? 1 : 3);
  figures.push(...peers.figures);
  skipped.push(...peers.skipped);
  for (const profile of ["lan", "fast"] as const) {
    await attempt(`failover, profile ${profile}`, async () => {
      const { takeovers, overlapMs } = await measureFailover(profile, runs);
      figures.push({ group: "failover", program: `berth, profile ${profile}`, ms: takeovers });
      targets.push({ what: `two copies at once, profile ${profile}`, limit: 0, seen: overlapMs, unit: "ms" });
      const rival = peers.figures.find(({ program }) => program === "pacemaker + corosync");
      if (rival === undefined) return;
      const seen = middle(takeovers) / middle(rival.ms);
      targets.push({ what: `power cut to takeover, profile ${profile}`, limit: 1, seen, unit: "x pacemaker" });
    });
  }
  await attempt("duplicate after a heal", async () => {
    const ms = await measureDuplicate("lan", runs);
    figures.push({ group: "duplicate", program: "berth, gossip mode", ms });
    targets.push({ what: "heal to one copy, slowest", limit: 2, seen: Math.max(...ms) / 1000, unit: "s" });
  });
  await attempt("claim", async () => {
    const ms = await inFolder("claims", (folder) => measureClaims(folder, quick ? 50 : 200));
    figures.push({ group: "claim", program: "berth, a claim", ms });
    targets.push({ what: "claim durable at a majority, p50", limit: 7, seen: middle(ms), unit: "ms" });
  });
  for (const one of quick ? [judged] : idleCases) {
    await attempt(`${one.peers} peers, ${one.guests} guests`, async () => {
      costs.push(await measureIdle(one, quick ? 15 : 30));
    });
  }
  targets.push(...judgeCosts(costs));
  return { figures, costs, targets, skipped };
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

async function inFolder<T>(name: string, measure: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `berth-bench-${name}-`));
  mkdirSync(folder, { recursive: true });
  try {
    return await measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the tables do not say. */
export const fleetNotes = `Three hosts in namespaces on one bridge; a power cut takes the cable first and then every process. Berth's guests are real QEMU
guests that tell by themselves when they execute, and are timed from the cut to the first sign of life elsewhere. The others are
flattered: Pacemaker moves an empty resource and its fence device answers at once, Keepalived moves an address and has two
owners in a partition, etcd only hands over a lock, Serf only tells. Writes of etcd and of Berth's voters go to the same disk.
Idle agents run over loopback with a hypervisor in the process; what was measured is the median of all agents of the fleet.
`;

/** What idle agents cost, as a table. */
export function renderCosts(costs: readonly IdleCost[]): string {
  return renderTable<IdleCost>(
    [
      { title: "PEERS", cell: ({ peers }) => String(peers) },
      { title: "GUESTS", cell: ({ guests }) => String(guests) },
      { title: "MEMORY", cell: ({ memoryMib }) => `${memoryMib.toFixed(0)}MiB` },
      { title: "MOST", cell: ({ memoryMaxMib }) => `${memoryMaxMib.toFixed(0)}MiB` },
      { title: "CORE", cell: ({ core }) => `${(core * 100).toFixed(1)}%` },
      { title: "MOST", cell: ({ coreMax }) => `${(coreMax * 100).toFixed(1)}%` },
      { title: "ALL RUN AFTER", cell: ({ settledSeconds }) => `${settledSeconds.toFixed(0)}s` },
    ],
    costs,
    { wide: false, headers: true, paint: (_colour: unknown, text: string) => text },
  );
}
