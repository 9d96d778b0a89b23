import { drawDuration, type FaultTimes, withoutCollisions } from "./fault-plan.ts";
import type { Fault } from "./faults.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";

/**
 * What happens to few fleets and is not like the rest: somebody copies a host's disk, a person says that a host is dead, a
 * majority of the voters burns down and a person founds a new set. Each is within the assumptions because the person tells the truth.
 *
 * They draw from a stream of their own and come on top of what was drawn before: every other fleet is as it was without them.
 */
export type RareFault = "clone" | "confirm-dead" | "reset-quorum";

const shares: readonly (readonly [RareFault, number])[] = [
  ["clone", 0.06],
  ["confirm-dead", 0.08],
  ["reset-quorum", 0.06],
];

/** When rare things may happen, and how long the protocol's own times are. */
export interface RareWindow {
  readonly times: FaultTimes;
  readonly fromMs: number;
  readonly forMs: number;
  /** Every fleet gets one of them. */
  readonly always: boolean;
}

/** The fleet with one of them, or as it was. */
export function withRareFault(spec: FleetSpec, window: RareWindow): FleetSpec {
  const random = Prng.stream(spec.seed, "rare");
  const kind = window.always ? random.pick(shares)[0] : drawShare(random);
  switch (kind) {
    case "clone":
      return withClone(spec, window, random);
    case "confirm-dead":
      return withConfirmDead(spec, window, random);
    case "reset-quorum":
      return withReset(spec, window, random);
    case undefined:
      return spec;
  }
}

function drawShare(random: Prng): RareFault | undefined {
  let at = random.unit();
  for (const [kind, share] of shares) {
    at -= share;
    if (at < 0) return kind;
  }
  return undefined;
}

function drawTime(random: Prng, { fromMs, forMs }: RareWindow): number {
  return Math.round(fromMs + random.unit() * forMs);
}

/** A machine more, with a copy of a host's disk; in half of the fleets the original is in trouble while it is there. */
function withClone(spec: FleetSpec, window: RareWindow, random: Prng): FleetSpec {
  const host = spec.hosts + spec.witnesses + spec.spares;
  const of = random.below(spec.hosts);
  const atMs = drawTime(random, window);
  const forMs = drawDuration(random, window.times) + random.pick([0, 5_000, 30_000]);
  const faults: Fault[] = [{ atMs, kind: "clone", host, of, forMs, ...(random.chance(0.25) ? { blank: true } : {}) }];
  const trouble = { atMs: atMs + Math.round(random.unit() * 2_000), forMs: drawDuration(random, window.times) };
  switch (random.below(6)) {
    case 0:
      faults.push({ ...trouble, kind: "partition", side: [of] });
      break;
    case 1:
      faults.push({ ...trouble, kind: "power-loss", host: of });
      break;
    case 2:
      faults.push({ ...trouble, kind: "agent-crash", host: of });
      break;
  }
  return { ...added(spec, faults), spares: spec.spares + 1 };
}

/** A person sees that a host is off, and says so before it is back. */
function withConfirmDead(spec: FleetSpec, window: RareWindow, random: Prng): FleetSpec {
  if (spec.hosts < 2) return spec;
  const losses = spec.faults.filter((fault) => fault.kind === "power-loss");
  const drawn: Fault = {
    ...{ atMs: drawTime(random, window), kind: "power-loss", host: random.below(spec.hosts) },
    forMs: drawDuration(random, window.times) + 2_000,
  };
  const loss = losses.length > 0 ? random.pick(losses) : drawn;
  const atMs = Math.round(loss.atMs + random.between(0.02, 0.98) * loss.forMs);
  const said: Fault = { atMs, kind: "confirm-dead", host: loss.host };
  return added(spec, loss === drawn ? [drawn, said] : [said]);
}

/**
 * A majority of the voters is lost for good, not all at once, and a person founds a new set from one that is left. Not in fleets whose
 * voters change for another reason: there the person would have to find out first who the voters are.
 */
function withReset(spec: FleetSpec, window: RareWindow, random: Prng): FleetSpec {
  const changes = spec.faults.some(({ kind }) => kind === "replace-voter" || kind === "wipe-disk");
  if (changes || spec.voters.length < 3) return spec;
  const voters = shuffled(random, spec.voters);
  const dead = voters.slice(0, (spec.voters.length + 1) / 2);
  const [founder] = voters.slice(dead.length);
  if (founder === undefined) return spec;
  const members = Array.from({ length: spec.hosts + spec.witnesses }, (_, node) => node);
  const others = shuffled(
    random,
    members.filter((node) => node !== founder && !dead.includes(node)),
  );
  const set = random.chance(0.5) && others.length >= 2 ? [founder, ...others.slice(0, 2)] : [founder];
  const lostMs = drawTime(random, window);
  const losses = dead.map((host, index): Fault => {
    const laterMs = index === 0 ? 0 : Math.round(random.unit() * 3_000);
    return { atMs: lostMs + laterMs, kind: "host-lost", host };
  });
  const atMs = lostMs + 3_000 + Math.round(random.unit() * 20_000);
  return added(spec, [...losses, { atMs, kind: "reset-quorum", host: founder, voters: set, dead }]);
}

function added(spec: FleetSpec, faults: readonly Fault[]): FleetSpec {
  return { ...spec, faults: withoutCollisions([...spec.faults, ...faults].sort((a, b) => a.atMs - b.atMs)) };
}

function shuffled(random: Prng, list: readonly number[]): number[] {
  const left = [...list];
  return list.map(() => left.splice(random.below(left.length), 1)[0] ?? 0);
}
