import type { Fault, FaultBody, FaultKind } from "./faults.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import type { Prng } from "./prng.ts";

/**
 * Draws what goes wrong, when and for how long.
 *
 * Times are drawn around the numbers at which the protocol changes its mind (T_fence, T_fence + K, D_A), because that is
 * where it can be wrong: a third of all durations lie within a few percent of one of them. Faults overlap; a quarter of
 * them hit the same host as the one before, so that one host is hit twice in a row more often than chance would have it.
 */
export interface FaultTimes {
  readonly fenceMs: number;
  readonly killMs: number;
  readonly leaseMs: number;
  /** Processes that cannot be killed are part of the plan: there is a watchdog device, or a mutant wants them. */
  readonly unkillable: boolean;
}

interface Draw {
  readonly random: Prng;
  readonly spec: Omit<FleetSpec, "faults" | "tailMs">;
  readonly times: FaultTimes;
  readonly lastHost: number;
  /** Only these kinds are drawn; undefined for all. */
  readonly kinds: readonly FaultKind[] | undefined;
}

/** How often each kind is drawn, relative to the others. */
const weights: readonly (readonly [FaultKind, number])[] = [
  ["partition", 10],
  ["one-way", 6],
  ["deaf", 4],
  ["mute", 4],
  ["outage", 3],
  ["weather", 6],
  ["hold", 6],
  ["agent-crash", 8],
  ["agent-stop", 8],
  ["deadman-stop", 3],
  ["agent-restart", 8],
  ["wipe-disk", 1],
  ["slow-disk", 3],
  ["power-loss", 8],
  ["fleet-power-cut", 2],
  ["freeze", 5],
  ["libvirtd-restart", 4],
  ["slow-hypervisor", 4],
  ["hang", 6],
  ["unkillable", 2],
  ["hand-start", 2],
  ["hand-resume", 3],
  ["policy", 3],
  ["class", 3],
  ["add-host", 1],
  ["replace-voter", 3],
  ["drain", 2],
  ["release", 5],
];

const weightSum = weights.reduce((sum, [, weight]) => sum + weight, 0);

/** A plan of one to `most` faults within `windowMs`, sorted by time. */
export function drawFaults(draw: Omit<Draw, "lastHost">, most: number, fromMs: number, windowMs: number): Fault[] {
  const { random, spec } = draw;
  const faults: Fault[] = [];
  const count = 1 + random.below(most);
  let lastHost = random.below(spec.hosts);
  for (let i = 0; i < count; i++) {
    if (!random.chance(0.25)) lastHost = random.below(spec.hosts + spec.witnesses);
    const body = drawBody({ ...draw, lastHost });
    if (body !== undefined) faults.push({ atMs: Math.round(fromMs + random.unit() * windowMs), ...body });
  }
  return withoutCollisions(faults.sort((a, b) => a.atMs - b.atMs));
}

/** A duration: near one of the protocol's own times, or anything from a blink to several leases. */
export function drawDuration(random: Prng, times: FaultTimes): number {
  const { fenceMs, killMs, leaseMs } = times;
  if (random.chance(0.35)) {
    const edge = random.pick([fenceMs, fenceMs + killMs, leaseMs, fenceMs / 4, leaseMs + fenceMs]);
    return Math.round(edge * random.between(0.96, 1.04));
  }
  return Math.round(random.pick([0.1, 0.5, 1, 2, 4]) * fenceMs * random.between(0.5, 1.5));
}

function drawKind(random: Prng): FaultKind {
  let at = random.below(weightSum);
  for (const [kind, weight] of weights) {
    at -= weight;
    if (at < 0) return kind;
  }
  return "partition";
}

function drawBody(draw: Draw): FaultBody | undefined {
  const { random, spec, times, lastHost: host } = draw;
  const kind = draw.kinds === undefined ? drawKind(random) : random.pick(draw.kinds);
  const members = spec.hosts + spec.witnesses;
  const forMs = drawDuration(random, times);
  const guest = random.below(spec.guests.length);
  switch (kind) {
    case "partition":
      return members < 2 ? undefined : { kind, side: drawSide(random, members), forMs };
    case "one-way": {
      const to = random.below(members);
      return to === host ? undefined : { kind, from: host, to, forMs };
    }
    case "deaf":
    case "mute":
    case "agent-crash":
    case "agent-stop":
    case "deadman-stop":
    case "freeze":
    case "libvirtd-restart":
      return { kind, host, forMs };
    case "outage":
      return { kind, forMs };
    case "weather":
      return { kind, ...drawWeather(random), forMs };
    case "hold":
      return { kind, host, outMs: random.pick([0, times.fenceMs * 0.9]), inMs: random.pick([0, 500, 4000]), forMs };
    case "agent-restart":
      return { kind, host };
    case "wipe-disk":
      return { kind, host, forMs };
    case "slow-disk":
      return { kind, host, slowMs: random.pick([50, 300, 2000]), forMs };
    case "power-loss":
      return { kind, host, forMs: forMs + random.pick([500, 5000, 20_000]) };
    case "fleet-power-cut":
      return { kind, forMs, staggerMs: random.pick([0, 500, 4000]) };
    case "slow-hypervisor":
      return { kind, host, factor: random.pick([3, 20, 100]), forMs };
    case "hang":
      return { kind, host, operation: random.pick(["start", "suspend", "resume", "destroy"] as const), forMs };
    case "unkillable":
      return times.unkillable ? { kind, host, guest } : undefined;
    case "hand-start":
    case "hand-resume":
      return host < spec.hosts ? { kind, host, guest } : undefined;
    case "policy":
      return { kind, guest, wanted: random.pick(["running", "down"] as const) };
    case "class":
      return { kind, guest, hosts: drawSide(random, spec.hosts + 1).filter((node) => node < spec.hosts) };
    case "add-host":
      return spec.spares > 0 ? { kind, host: members } : undefined;
    case "replace-voter":
      return drawReplacement(draw, members);
    case "drain":
      return host < spec.hosts && spec.hosts > 1 ? { kind, host } : undefined;
    case "release":
      return spec.hosts > 1 ? { kind, guest, to: random.below(spec.hosts) } : undefined;
    default:
      return undefined;
  }
}

function drawWeather(random: Prng): { loss: number; duplicate: number; late: number; lateMs: number } {
  return {
    loss: random.pick([0, 0.02, 0.1, 0.3]),
    duplicate: random.pick([0, 0.05, 0.5]),
    late: random.pick([0, 0.05, 0.3]),
    lateMs: random.pick([200, 1000, 4000]),
  };
}

function drawReplacement(draw: Draw, members: number): FaultBody | undefined {
  const { random, spec } = draw;
  const others: number[] = [];
  for (let node = 0; node < members + spec.spares; node++) if (!spec.voters.includes(node)) others.push(node);
  if (others.length === 0) return undefined;
  return { kind: "replace-voter", out: random.pick(spec.voters), by: random.pick(others) };
}

/** A side of a partition: neither nobody nor everybody. */
function drawSide(random: Prng, members: number): number[] {
  const side: number[] = [];
  for (let node = 0; node < members; node++) if (random.chance(0.5)) side.push(node);
  if (side.length === 0 || side.length === members) return [random.below(members)];
  return side;
}

/**
 * Takes out what is outside the assumptions when it comes together: agent and dead-man of one host stopped at the same
 * time without a watchdog (run apart), or the dead-man stopped while the agent alone cannot stop a guest in time because libvirt or
 * the disk fails it; a host that wakes from sleep with a process that cannot be killed; more disks wiped than one, voters replaced more than twice.
 */
export function withoutCollisions(faults: readonly Fault[]): Fault[] {
  const kept: Fault[] = [];
  let wiped = 0;
  let replaced = 0;
  for (const fault of faults) {
    if (fault.kind === "wipe-disk" && wiped++ > 0) continue;
    if (fault.kind === "replace-voter" && replaced++ > 1) continue;
    if (fault.kind === "deadman-stop" && faults.some((other) => agentAway(other, fault))) continue;
    if (fault.kind === "unkillable" && faults.some((other) => wakes(other, fault))) continue;
    kept.push(fault);
  }
  return kept;
}

/** The host wakes after the process got stuck. */
function wakes(other: Fault, stuck: Fault & { host: number }): boolean {
  return other.kind === "freeze" && other.host === stuck.host && other.atMs + other.forMs > stuck.atMs;
}

/** Faults with which an agent does not suspend its guests in time: then the dead-man has to. */
const hindersAgent: ReadonlySet<FaultKind> = new Set([
  ...(["agent-crash", "agent-stop", "wipe-disk", "slow-disk"] as const),
  ...(["libvirtd-restart", "slow-hypervisor", "hang"] as const),
]);

function agentAway(other: Fault, deadman: Fault & { host: number; forMs: number }): boolean {
  if (!hindersAgent.has(other.kind) || !("host" in other) || !("forMs" in other) || other.forMs === undefined)
    return false;
  if (other.host !== deadman.host) return false;
  const margin = 1000;
  return other.atMs < deadman.atMs + deadman.forMs + margin && deadman.atMs < other.atMs + other.forMs + margin;
}
