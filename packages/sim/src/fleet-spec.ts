import type { Fault } from "./faults.ts";

/**
 * One fleet, as data: everything that a run depends on besides the code. `drawFleet` makes one from a seed, a scenario
 * writes one by hand, and shrinking takes faults out of one.
 */
export interface FleetSpec {
  readonly seed: number;
  readonly profile: ProfileName;
  /** Hosts with a hypervisor that are members from the beginning, numbered from 0. */
  readonly hosts: number;
  /** Members without a hypervisor, numbered after the hosts. */
  readonly witnesses: number;
  /** Machines that are no members yet, numbered after the witnesses: new hosts and replacement voters. */
  readonly spares: number;
  /** Node numbers of the first voter set. */
  readonly voters: readonly number[];
  readonly guests: readonly GuestSpec[];
  /** Largest deviation of any clock's rate from true time, taken by the hosts in turn with either sign. */
  readonly rho: number;
  readonly timing: Timing;
  readonly faults: readonly Fault[];
  /** How long the run goes on after the last fault is over, in ms; the fleet must be whole again by then. */
  readonly tailMs: number;
}

/** Names of the timing profiles of `@berth/claims`. */
export type ProfileName = "fast" | "lan" | "lan-watchdog" | "standard" | "wan";

/**
 * `ordinary`: delays as measured. `adversarial`: each delay is either the shortest or the longest allowed, so that
 * deadlines are met at the last moment and answers come when they hurt. `steady`: no variation; for measurements.
 */
export type Timing = "ordinary" | "adversarial" | "steady";

/** One guest of the fleet. */
export interface GuestSpec {
  readonly name: string;
  readonly mode: "quorum" | "gossip";
  readonly onIsolated: OnIsolated;
  /** Node numbers whose class matches. */
  readonly eligible: readonly number[];
  readonly keep: "longest_running" | "newest_epoch";
  readonly memoryMib: number;
  /** Node numbers where a copy runs before any agent is installed: one is an adoption, two are a duplicate. */
  readonly runsAlreadyOn: readonly number[];
}

/** What a host does with a guest when its lease runs out. */
export type OnIsolated =
  | { readonly kind: "pause" }
  | { readonly kind: "down" }
  | { readonly kind: "pause-then-down"; readonly afterMs: number }
  | { readonly kind: "run" };

/** How many machines there are in all. */
export function nodeCount(spec: FleetSpec): number {
  return spec.hosts + spec.witnesses + spec.spares;
}

/** `h1`, `h2` and so on for hosts; `w1` for a witness; spares go on counting hosts. */
export function nodeName(spec: FleetSpec, node: number): string {
  if (node < spec.hosts) return `h${node + 1}`;
  if (node < spec.hosts + spec.witnesses) return `w${node - spec.hosts + 1}`;
  return `h${node - spec.witnesses + 1}`;
}
