/** What a simulation shows of itself: plain data, so that it can be sent to another terminal. */
import type { ProcessState } from "./simulated-host.ts";
import type { Way } from "./simulated-network.ts";

/** A guest on one host, as the host's hypervisor has it. `undefined-there`: it knows no such guest. */
export type GuestState = "running" | "paused" | "off" | "undefined-there";

/** One host at one moment. */
export interface HostStatus {
  readonly name: string;
  readonly powered: boolean;
  readonly agent: ProcessState;
  readonly deadMan: ProcessState;
  /** What the agent said last; absent before it ever answered, and without power. */
  readonly said?: AgentWord;
}

/** The agent's own view, and how old it is. */
export interface AgentWord {
  readonly ageMs: number;
  /** What was left of the lease when it said so, less what has passed since; 0 when there is none. */
  readonly leaseRemainingMs: number;
  readonly voter: boolean;
  /** Hosts that it hears. */
  readonly hears: readonly string[];
  readonly degraded: readonly string[];
  /** Guests that its policy promises, whether or not any hypervisor knows them yet. */
  readonly promised: readonly string[];
  /** Those of them that shall run, and that this host may run. */
  readonly wanted: readonly string[];
}

/** A guest over all hosts. */
export interface GuestStatus {
  readonly name: string;
  /** It shall run, and some host may run it. */
  readonly wanted: boolean;
  /** By host. */
  readonly states: Readonly<Record<string, GuestState>>;
}

/** One line of the story. */
export interface StoryLine {
  /** Since the simulation began, ms. */
  readonly atMs: number;
  /** Who did it: `you`, the name of a host, or `guest`. */
  readonly who: string;
  readonly text: string;
  readonly weight: "cause" | "effect" | "detail" | "alarm";
}

/** How long guests executed on two hosts at once, from the hypervisors' journals. */
export interface OverlapStatus {
  readonly totalMs: number;
  /** Stretches in which some guest executed somewhere: what was compared. */
  readonly intervals: number;
  readonly worst?: { readonly guest: string; readonly hosts: readonly [string, string]; readonly durationMs: number };
}

/** Everything at one moment. */
export interface SimulationStatus {
  readonly upMs: number;
  readonly profile: string;
  readonly folder: string;
  readonly hosts: readonly HostStatus[];
  readonly guests: readonly GuestStatus[];
  readonly cuts: readonly Way[];
  /** The newest last. */
  readonly story: readonly StoryLine[];
  readonly overlap: OverlapStatus;
}

/** Guests that execute on exactly one host. */
export function executingOnce(status: SimulationStatus): readonly string[] {
  return status.guests.filter((guest) => executingOn(guest).length === 1).map(({ name }) => name);
}

/** The hosts on which a guest executes now. */
export function executingOn(guest: GuestStatus): readonly string[] {
  return Object.entries(guest.states)
    .filter(([, state]) => state === "running")
    .map(([host]) => host);
}
