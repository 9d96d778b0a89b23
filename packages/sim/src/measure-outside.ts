import { profiles } from "@berth/claims";
import { drawFleet, endOfRun } from "./draw-fleet.ts";
import type { Fault, FaultBody } from "./faults.ts";
import type { FleetSpec, ProfileName } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";
import { inSeconds, summarise, table } from "./statistics.ts";
import { World } from "./world.ts";

/**
 * What breaks when an assumption does. Each of these faults is outside what the protocol promises to survive; here they
 * are put into otherwise ordinary fleets, and what they cost is counted: in how many fleets two copies executed, and for
 * how long.
 */
interface Outside {
  readonly name: string;
  readonly assumption: string;
  /** @default lan */
  readonly profile?: ProfileName;
  readonly faults: (spec: FleetSpec, random: Prng) => FaultBody[];
}

const cutAfterMs = 2000;

const outsideFaults: readonly Outside[] = [
  {
    name: "lost fsync",
    assumption: "what a disk calls synced survives a power loss",
    faults: (spec) => [
      ...spec.voters.map((host) => ({ kind: "lost-fsync" as const, host })),
      ...spec.guests.map((_, guest) => ({ kind: "release" as const, guest, to: guest % 3 })),
      { kind: "fleet-power-cut" as const, forMs: 3000, staggerMs: 500 },
    ],
  },
  {
    name: "clock at 0.6 of its rate",
    assumption: "clock rates within rho = 0.1 %",
    faults: (_, random) => {
      const host = random.below(3);
      return [
        { kind: "drift", host, rate: 0.6 },
        { kind: "partition", side: [host], forMs: 30_000 },
      ];
    },
  },
  {
    name: "clock 1 % slow",
    assumption: "clock rates within rho = 0.1 %",
    faults: (_, random) => {
      const host = random.below(3);
      return [
        { kind: "drift", host, rate: 0.99 },
        { kind: "partition", side: [host], forMs: 30_000 },
      ];
    },
  },
  {
    name: "agent and dead-man both stopped, no watchdog",
    assumption: "one of the two lives, or a watchdog device resets the host",
    faults: (_, random) => [{ kind: "both-stopped", host: random.below(3), forMs: 30_000 }],
  },
  {
    name: "host paused with its clocks",
    assumption: "the boot-time clock goes on whatever happens to the host",
    faults: (_, random) => [{ kind: "blind-freeze", host: random.below(3), forMs: 30_000 }],
  },
  {
    name: "host sleeps (its boot-time clock goes on)",
    assumption: "none: it wakes up with its guests, and the dead-man's first look suspends them",
    faults: (_, random) => [{ kind: "freeze", host: random.below(3), forMs: 30_000 }],
  },
  {
    name: "host sleeps and wakes with unkillable processes, watchdog device",
    assumption:
      "what runs on a host that wakes can be stopped: D_A's share for the watchdog device passed in its sleep",
    profile: "lan-watchdog",
    faults: (spec, random) => {
      const host = random.below(3);
      const stuck = spec.guests.map((_, guest) => ({ kind: "unkillable" as const, host, guest }));
      return [...stuck, { kind: "freeze", host, forMs: 30_000 }];
    },
  },
  {
    name: "unkillable process, no watchdog",
    assumption: "a hypervisor process can be killed, or a watchdog device resets the host",
    faults: (spec, random) => {
      const host = random.below(3);
      const stuck = spec.guests.map((_, guest) => ({ kind: "unkillable" as const, host, guest }));
      return [...stuck, { kind: "partition", side: [host], forMs: 30_000 }];
    },
  },
];

interface OutsideCost {
  readonly fleets: number;
  readonly doubled: number;
  /** Fleets in which the oracle saw any invariant broken. */
  readonly broken: number;
  readonly overlapMs: readonly number[];
}

function measureOutside(outside: Outside, seeds: number): OutsideCost {
  let doubled = 0;
  let broken = 0;
  const overlapMs: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const profile = outside.profile ?? "lan";
    const drawn = drawFleet(seed, { hosts: 3, profile, timing: "ordinary" });
    const guests = drawn.guests.map((guest) => {
      const onIsolated = guest.onIsolated.kind === "run" ? ({ kind: "pause" } as const) : guest.onIsolated;
      return { ...guest, mode: "quorum" as const, onIsolated, runsAlreadyOn: [] };
    });
    const random = Prng.stream(seed, outside.name);
    const fromMs = 20_000 + random.between(0, 5000);
    const faults: Fault[] = outside
      .faults(drawn, random)
      .map((body, index) => ({ ...body, atMs: fromMs + index * cutAfterMs }));
    const spec = { ...drawn, guests, faults, rho: profiles[profile].rho };
    const world = new World(spec);
    while (world.queue.runNext(endOfRun(spec))) {
      // To the end, whatever the oracle says: the length of the overlap is what is measured.
    }
    world.oracle.executions.close();
    if (world.oracle.violations.length > 0) broken += 1;
    const overlaps = world.oracle.executions.overlaps.filter(
      ({ cause }) => cause === "protocol" || cause === "wake-up",
    );
    overlapMs.push(...overlaps.map(({ forMs }) => forMs));
    if (overlaps.length > 0) doubled += 1;
  }
  return { fleets: seeds, doubled, broken, overlapMs };
}

/** The table of broken assumptions. Always true: there is no target to miss. */
export function reportOutside(say: (line: string) => void, seeds = 100): boolean {
  const rows = outsideFaults.map((outside) => {
    const { fleets, doubled, broken, overlapMs } = measureOutside(outside, seeds);
    const { p50, max } = summarise(overlapMs);
    return [
      outside.name,
      outside.assumption,
      `${broken} of ${fleets}`,
      `${doubled} of ${fleets}`,
      inSeconds(p50),
      inSeconds(max),
    ];
  });
  say(`Outside the assumptions (3 hosts, profile lan, seeds 1 to ${seeds})`);
  say(table(["fault", "assumption that it breaks", "any invariant broken", "two copies", "overlap p50", "max"], rows));
  return true;
}
