import { grantMs, profiles } from "@berth/claims";
import type { FleetSpec, ProfileName } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";
import { inSeconds, type Summary, summarise, table } from "./statistics.ts";
import { World } from "./world.ts";

/** From power cut to executing elsewhere, per guest, with guest starts of 0.4 s: five hosts, three voters, six guests. */
export const failoverTargets: Readonly<
  Partial<Record<ProfileName, { readonly p50Ms: number; readonly p95Ms: number }>>
> = {
  lan: { p50Ms: 6000, p95Ms: 8000 },
  fast: { p50Ms: 4000, p95Ms: 5500 },
};

const hosts = 5;

/** Cuts the power of each host in turn, once per seed, at a moment that falls anywhere between two renewals. */
export function measureFailover(profile: ProfileName, seeds: number): Summary {
  const times: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) times.push(...failoverTimes(profile, seed));
  return summarise(times);
}

function failoverTimes(profile: ProfileName, seed: number): number[] {
  const leaseMs = grantMs(profiles[profile]);
  const cutMs = leaseMs + 20_000 + Prng.stream(seed, "cut").between(0, 5000);
  const victim = seed % hosts;
  const spec = failoverFleet(profile, seed);
  const world = new World(
    { ...spec, faults: [{ kind: "power-loss", host: victim, forMs: 10 * leaseMs, atMs: cutMs }] },
    { steadyHypervisors: true },
  );
  world.runUntil(cutMs - 1);
  const lost = spec.guests.filter(({ name }) =>
    world.oracle.executions.copiesOf(name).some((copy) => copy.node === victim),
  );
  const waiting = new Set(lost.map(({ name }) => name));
  const times: number[] = [];
  world.oracle.onExecution = (guest, node, executing) => {
    if (executing && node !== victim && waiting.delete(guest)) times.push(world.queue.nowMs - cutMs);
  };
  world.runUntil(cutMs + 8 * leaseMs);
  for (const _ of waiting) times.push(Number.POSITIVE_INFINITY);
  return times;
}

function failoverFleet(profile: ProfileName, seed: number): FleetSpec {
  const guests = Array.from({ length: 6 }, (_, index) => ({
    name: `web${index + 1}`,
    mode: "quorum" as const,
    onIsolated: { kind: "pause" as const },
    eligible: [0, 1, 2, 3, 4],
    keep: "longest_running" as const,
    memoryMib: 1024,
    runsAlreadyOn: [],
  }));
  const base = { seed, profile, hosts, witnesses: 0, spares: 0, voters: [0, 1, 2], guests };
  return { ...base, rho: profiles[profile].rho, timing: "ordinary", faults: [], tailMs: 0 };
}

/** The table of all profiles; false when a target is missed. */
export function reportFailover(say: (line: string) => void, seeds = 60): boolean {
  let met = true;
  const rows = (Object.keys(profiles) as ProfileName[]).map((profile) => {
    const { count, p50, p95, max } = measureFailover(profile, seeds);
    const target = failoverTargets[profile];
    const good = target === undefined || (p50 <= target.p50Ms && p95 <= target.p95Ms);
    met &&= good;
    const wanted =
      target === undefined ? "-" : `${target.p50Ms / 1000} / ${target.p95Ms / 1000} s${good ? "" : " MISSED"}`;
    return [profile, String(count), inSeconds(p50), inSeconds(p95), inSeconds(max), wanted];
  });
  say(
    `Failover, from power cut to executing elsewhere (5 hosts, 3 voters, 6 guests, starts of 0.4 s, seeds 1 to ${seeds})`,
  );
  say(table(["profile", "guests moved", "p50", "p95", "max", "target p50 / p95"], rows));
  return met;
}
