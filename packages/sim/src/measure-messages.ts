import { profiles } from "@berth/claims";
import type { FleetSpec } from "./fleet-spec.ts";
import { table } from "./statistics.ts";
import { World } from "./world.ts";

/**
 * What it costs to stay alive: messages that one voter gets per second in a quiet fleet of 10, 100 and 1,000 hosts that
 * run 10,000 guests between them.
 *
 * Gossip is counted and not delivered here: it grants nothing, and 1,000 full copies of it would not fit in one process.
 * Each host is told only of the guests whose class matches it.
 */
const guestsInAll = 10_000;
const measuredMs = 60_000;

interface MessageRate {
  readonly voters: number;
  readonly renewals: number;
  readonly others: number;
}

/** Requests per second at one voter of a quiet fleet. */
export function measureMessages(hosts: number, guests: number): MessageRate {
  const voters = hosts < 10 ? 3 : 5;
  const spec: FleetSpec = {
    seed: 1,
    profile: "lan",
    hosts,
    witnesses: 0,
    spares: 0,
    voters: Array.from({ length: voters }, (_, node) => node),
    guests: Array.from({ length: guests }, (_, index) => ({
      name: `g${index}`,
      mode: "quorum",
      onIsolated: { kind: "pause" },
      eligible: [index % hosts],
      keep: "longest_running",
      memoryMib: 64,
      runsAlreadyOn: [],
    })),
    rho: 0,
    timing: "ordinary",
    faults: [],
    tailMs: 0,
  };
  const world = new World(spec, {
    steadyHypervisors: true,
    ownGuestsOnly: true,
    dropped: ({ kind }) => kind.startsWith("gossip"),
  });
  const settledMs = 30_000;
  world.runUntil(settledMs);
  const before = new Map(world.sentByKind);
  world.runUntil(settledMs + measuredMs);
  const perSecond = (kind: string): number =>
    ((world.sentByKind.get(kind) ?? 0) - (before.get(kind) ?? 0)) / voters / (measuredMs / 1000);
  return {
    voters,
    renewals: perSecond("renew"),
    others: perSecond("accept") + perSecond("prepare") + perSecond("fence"),
  };
}

/** The table of fleet sizes. Always true: there is no target to miss. */
export function reportMessages(say: (line: string) => void): boolean {
  const rows: string[][] = [];
  for (const [hosts, guests] of [
    [10, guestsInAll],
    [100, guestsInAll],
    [100, 1000],
    [1000, guestsInAll],
  ] as const) {
    const { voters, renewals, others } = measureMessages(hosts, guests);
    rows.push([String(hosts), String(guests), String(voters), renewals.toFixed(1), others.toFixed(2)]);
  }
  say(
    `Requests per second that one voter gets (profile lan, R = ${profiles.lan.renewMs} ms, ${measuredMs / 1000} s measured)`,
  );
  say(table(["hosts", "guests", "voters", "renewals/s", "claims and re-accepts/s"], rows));
  return true;
}
