import { grantMs, profiles } from "@berth/claims";
import { drawFaults } from "./fault-plan.ts";
import { withRareFault } from "./fault-rare.ts";
import { endOf, type Fault, type FaultKind } from "./faults.ts";
import type { FleetSpec, GuestSpec, OnIsolated, ProfileName } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";

/**
 * A fleet from a seed: how many hosts and voters, which profile, which guests, which timing, what goes wrong.
 *
 * Sizes are those that people run (1, 2, 2 and a witness, 3, 5, 9 hosts). The short profiles are drawn more often: all
 * profiles are the same code with other numbers, and a run of `lan` costs a tenth of one of `wan`.
 */
interface Size {
  readonly hosts: number;
  readonly witnesses: number;
  readonly voters: readonly number[];
}

const sizes: readonly Size[] = [
  { hosts: 1, witnesses: 0, voters: [1] },
  { hosts: 2, witnesses: 0, voters: [1] },
  { hosts: 2, witnesses: 1, voters: [3] },
  { hosts: 3, witnesses: 0, voters: [3] },
  { hosts: 3, witnesses: 0, voters: [3] },
  { hosts: 5, witnesses: 0, voters: [3, 5] },
  { hosts: 9, witnesses: 0, voters: [3, 5] },
];

const profileNames: readonly ProfileName[] = ["fast", "fast", "lan", "lan", "lan", "lan-watchdog", "standard", "wan"];

/** What is fixed instead of drawn. */
export interface DrawOptions {
  /** Fixes the number of hosts instead of drawing it. */
  readonly hosts?: number;
  readonly profile?: ProfileName;
  /** Fixes the timing instead of drawing it. */
  readonly timing?: FleetSpec["timing"];
  /** Draws faults of these kinds only; for mutants. */
  readonly kinds?: readonly FaultKind[];
  /** Every fleet gets one of the rare faults (a copied disk, `confirm-dead`, `reset-quorum`), not one in five. */
  readonly rare?: boolean;
  /** Faults in every fleet besides the drawn ones; for mutants. */
  readonly extra?: readonly Fault[];
}

/** The fleet of one seed. */
export function drawFleet(seed: number, options: DrawOptions = {}): FleetSpec {
  const random = Prng.stream(seed, "fleet");
  const fitting = sizes.filter(({ hosts }) => options.hosts === undefined || hosts === options.hosts);
  const size = fitting.length > 0 ? random.pick(fitting) : sizeFor(options.hosts ?? 3);
  const profile = options.profile ?? random.pick(profileNames);
  const timing = options.timing ?? (random.chance(0.35) ? "adversarial" : "ordinary");
  const { hosts, witnesses } = size;
  const spares = random.chance(0.4) ? 1 : 0;
  const voters = drawVoters(random, hosts + witnesses, random.pick(size.voters));
  const guests = drawGuests(random, hosts);
  const rho = profiles[profile].rho;
  const base = { seed, profile, hosts, witnesses, spares, voters, guests, rho, timing };
  const { fenceMs, stopMs: killMs, watchdogMs } = profiles[profile];
  const leaseMs = grantMs(profiles[profile]);
  const unkillable = watchdogMs > 0 || options.kinds?.includes("unkillable") === true;
  const times = { fenceMs, killMs, leaseMs, unkillable };
  const drawn = drawFaults({ random, spec: base, times, kinds: options.kinds }, 8, settleMs(leaseMs), 10 * fenceMs);
  const faults = [...(options.extra ?? []), ...drawn];
  const spec: FleetSpec = { ...base, faults, tailMs: boundMs(leaseMs, fenceMs, hosts) };
  if (options.kinds !== undefined || options.extra !== undefined) return spec;
  const always = options.rare === true;
  return withRareFault(spec, { times, fromMs: settleMs(leaseMs), forMs: 10 * fenceMs, always });
}

/** From power on to every guest running: quarantine of the voters, claims, starts. */
function settleMs(leaseMs: number): number {
  return leaseMs + 6000;
}

/**
 * After the last fault: a voter may just have restarted (quarantine) and be held down, a host may have to lose its lease
 * and its incarnation, a hand-over waits 5 s for its heir, an operator asks again after 10 s, starts are slow.
 */
export function boundMs(leaseMs: number, fenceMs: number, hosts: number): number {
  return 3 * leaseMs + 2 * fenceMs + 5000 + 5000 + 10_000 + 400 * hosts + 15_000;
}

/** When the run of a fleet ends, in ms. */
export function endOfRun(spec: FleetSpec): number {
  const settled = settleMs(grantMs(profiles[spec.profile]));
  return Math.max(settled, endOf(spec.faults, spec.hosts + spec.witnesses)) + spec.tailMs + slowestCallMs(spec);
}

/** A start that began while libvirt was slow stays slow to its end: 2 s is long for one that is not. */
function slowestCallMs({ faults }: FleetSpec): number {
  return faults.reduce((longest, f) => Math.max(longest, f.kind === "slow-hypervisor" ? f.factor * 2_000 : 0), 0);
}

function sizeFor(hosts: number): Size {
  return { hosts, witnesses: 0, voters: [hosts < 3 ? 1 : hosts < 10 ? 3 : 5] };
}

function drawVoters(random: Prng, members: number, count: number): number[] {
  const all = Array.from({ length: members }, (_, node) => node);
  const voters: number[] = [];
  for (let i = 0; i < count && all.length > 0; i++) voters.push(...all.splice(random.below(all.length), 1));
  return voters.sort((a, b) => a - b);
}

function drawGuests(random: Prng, hosts: number): GuestSpec[] {
  const count = 1 + random.below(6);
  return Array.from({ length: count }, (_, index) => {
    const mode = random.chance(0.12) ? ("gossip" as const) : ("quorum" as const);
    return {
      name: `web${index + 1}`,
      mode,
      onIsolated: drawOnIsolated(random, mode),
      eligible: drawEligible(random, hosts),
      keep: random.pick(["longest_running", "newest_epoch"] as const),
      memoryMib: 1024,
      runsAlreadyOn: drawAlreadyOn(random, hosts),
    };
  });
}

function drawOnIsolated(random: Prng, mode: "quorum" | "gossip"): OnIsolated {
  if (mode === "gossip" && random.chance(0.6)) return { kind: "run" };
  if (random.chance(0.7)) return { kind: "pause" };
  return random.chance(0.5) ? { kind: "down" } : { kind: "pause-then-down", afterMs: random.pick([1000, 10_000]) };
}

function drawEligible(random: Prng, hosts: number): number[] {
  const all = Array.from({ length: hosts }, (_, node) => node);
  if (random.chance(0.6)) return all;
  const some = all.filter(() => random.chance(0.6));
  return some.length > 0 ? some : [random.below(hosts)];
}

/** Most fleets start empty; some take over guests that run already, a few of them twice. */
function drawAlreadyOn(random: Prng, hosts: number): number[] {
  if (!random.chance(0.12)) return [];
  const first = random.below(hosts);
  if (hosts > 1 && random.chance(0.25)) return [first, (first + 1) % hosts];
  return [first];
}
