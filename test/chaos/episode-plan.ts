/** What happens in an episode: a matter of the seed and of its number, so that it can be had again. */
import { grantMs } from "@berth/claims";
import type { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import type { Fault } from "./fault.ts";
import { hostFaults } from "./host-faults.ts";
import { networkFaults } from "./network-faults.ts";
import { peopleFaults } from "./people-faults.ts";
import { SeededChoice } from "./seeded-choice.ts";

/** One fault with its place in time. */
export interface PlannedFault {
  readonly fault: Fault;
  readonly host: FleetHost;
  readonly afterMs: number;
  readonly lastsMs: number;
}

/** Which episode, and how long it may take. */
export interface EpisodeInit {
  readonly seed: number;
  readonly number: number;
  /** From the end of the last fault to exactly one everywhere. */
  readonly boundMs: number;
  /** Whether the machine's wall clock may be set. */
  readonly clock: boolean;
}

/**
 * Which faults, where and when. The seed and the number decide, but for one thing: hosts are chosen by their place in the
 * order of how many guests they execute now, and half of the time it is the busiest, for little happens on an idle one.
 */
export function planEpisode(
  fleet: Fleet,
  { seed, number, clock }: EpisodeInit,
  busiestFirst: readonly FleetHost[],
): { plan: PlannedFault[]; choice: SeededChoice } {
  const choice = new SeededChoice(seed, number);
  const lottery = everyFault(fleet, clock).flatMap((fault) => Array<Fault>(fault.weight).fill(fault));
  const plan: PlannedFault[] = [];
  const wanted = choice.of([1, 1, 2, 2, 3]);
  for (let attempt = 0; plan.length < wanted && attempt < 20; attempt += 1) {
    const fault = choice.of(lottery);
    const host = choice.next() < 0.5 ? choice.of(busiestFirst.slice(0, 1)) : choice.of(busiestFirst);
    const [minimum, maximum] = fault.lasts;
    const planned = { fault, host, afterMs: choice.between(0, 3_000), lastsMs: choice.between(minimum, maximum) };
    if (plan.every((other) => goTogether(other, planned))) plan.push(planned);
  }
  return { plan: plan.sort((a, b) => a.afterMs - b.afterMs), choice };
}

function everyFault(fleet: Fleet, clock: boolean): readonly Fault[] {
  const long = grantMs(fleet.profile);
  const durations = { long, short: [200, long], any: [200, 3 * long] } as const;
  return [...hostFaults(durations), ...networkFaults(durations), ...peopleFaults(durations, clock)];
}

const alone: readonly string[] = ["disk of the voter lost", "all agents restarted in turn"];

/** One network fault at a time; a host without power has no other fault; a dead-man that is stopped is the only fault of its host. */
function goTogether(one: PlannedFault, other: PlannedFault): boolean {
  const touched = [one.fault.touches, other.fault.touches] as const;
  const once: readonly string[] = ["network", "policy", "clock"];
  if (touched[0] === touched[1] && (once.includes(touched[0]) || one.host === other.host)) return false;
  // Two of three votes lost for good at once, or a restart in turn that waits for a host that is away: not to be borne.
  if ([one, other].some(({ fault }) => alone.includes(fault.name))) return false;
  // The known limit, said by the status: with agent and dead-man both away and no watchdog device nobody stops the guest.
  if (touched.includes("dead-man") && touched.includes("network")) return false;
  return one.host !== other.host || !(touched.includes("power") || touched.includes("dead-man"));
}
