/**
 * The words of the protocol: who, what and which value. Shapes only.
 */

/** A host's peer id. */
export type HostId = string;
/** The id of one voter *disk*. A wiped disk is another voter (section 7), so this is never the host's id. */
export type VoterId = string;
/** The fleet-wide key of a guest: the promiser's name. Its UUID travels beside it. */
export type GuestId = string;

/**
 * Number of a proposal, ordered by `n`, then `host`, then `life`. `life` makes it unique across restarts without a
 * write: a restarted proposer can never repeat a ballot with another value.
 */
export interface Ballot {
  readonly n: number;
  readonly host: HostId;
  readonly life: number;
}

/** What a register says of one guest. `owner: null` is a released guest. */
export interface ClaimValue {
  readonly owner: HostId | null;
  /** Incarnation of the owner that this claim belongs to; 0 when released. */
  readonly inc: number;
  /** Grows by one with every change of ownership; never falls. */
  readonly epoch: number;
  /** Names the run: `host/life/count` of the claimant. */
  readonly runId: string;
  /** After a hand-over: who may claim at once, while the others wait 5 s for it (section 4.4). */
  readonly next?: HostId;
}

/** A Paxos acceptor's durable state for one guest. */
export interface Register {
  readonly promised: Ballot;
  readonly acceptedBallot?: Ballot;
  readonly value?: ClaimValue;
}

/** What a voter knows durably of a host. */
export interface KnownHost {
  readonly inc: number;
  readonly nonce: string;
  /** Highest fenced incarnation, 0 when none: a fenced incarnation is never granted again. */
  readonly fenced: number;
}

/** One member of the voter set. */
export interface Voter {
  readonly voter: VoterId;
  /** The host whose agent answers for this voter. */
  readonly host: HostId;
}

/** Timing of a fleet; see `profile.ts`. All milliseconds. */
export interface Profile {
  readonly name: string;
  /** R: between two renewals. */
  readonly renewMs: number;
  /** T_fence: how long a renewal is good for, counted from before it was sent. */
  readonly fenceMs: number;
  /** K1: from the deadline to the kill of what is not confirmed suspended. */
  readonly killMs: number;
  /** K: from the deadline to the stop of the watchdog feed. */
  readonly stopMs: number;
  /** W: how long the watchdog device needs to reset the host; 0 without one. */
  readonly watchdogMs: number;
  /** Largest relative clock rate error that is assumed. */
  readonly rho: number;
  /** Dead-man poll period. */
  readonly pollMs: number;
  /** Resolution of the coarser clock. */
  readonly clockResolutionMs: number;
}

/** The configuration number `cfg` and everything that all members must agree on. */
export interface Configuration {
  readonly number: number;
  readonly voters: readonly Voter[];
  readonly profile: Profile;
  /** The set before this one, so that anybody who knows this one can complete the change (section 7). */
  readonly previous?: { readonly number: number; readonly voters: readonly Voter[] };
  /** Lower bound of the quarantine of new voters: D_A of the profile before, when that was longer. */
  readonly quarantineMs?: number;
  /** Hosts that an operator declared dead in a `reset-quorum`, with the reason; absent for ordinary changes. */
  readonly reset?: { readonly deadHosts: readonly HostId[]; readonly operator: string; readonly reason: string };
}

/** One member of the fleet, as its list of members has it. */
export interface FleetHost {
  readonly host: HostId;
  /** False for a witness, and for one that only reads: neither ever runs a guest. */
  readonly hypervisor: boolean;
  /** Placement keys that are this host's own names: where one of them is asked for, no other host is meant. */
  readonly classes: readonly string[];
}

/** `quorum`: never two executing. `gossip`: always one where a matching host lives (section 1). */
export type Mode = "quorum" | "gossip";

/** What a host does with a guest when its lease runs out. `run` is for gossip mode only. */
export type OnIsolated =
  | { readonly kind: "pause" }
  | { readonly kind: "down" }
  | { readonly kind: "pause-then-down"; readonly afterMs: number }
  | { readonly kind: "run" };

/** One guest as policy wants it, seen from this host. */
export interface PromisedGuest {
  readonly guest: GuestId;
  readonly uuid: string;
  readonly mode: Mode;
  readonly onIsolated: OnIsolated;
  /** `running` and `suspended` need a claim; `down` keeps it stopped everywhere. */
  readonly wanted: "running" | "suspended" | "down";
  /** Third rule of the survivor order (section 8). */
  readonly keep: "longest_running" | "newest_epoch";
  /** What eligibility depends on, usually the text of `environment_host`. Hosts gossip which keys they match. */
  readonly placementKey: string;
  /** The `environment_host` class holds here. */
  readonly classMatch: boolean;
  /** Class holds, hypervisor and image are present: this host may run the guest. */
  readonly eligible: boolean;
  readonly memoryKib: number;
  /** How long it may take to shut down by itself before it is destroyed, ms. @default 60 s, a database's time to flush */
  readonly shutdownMs?: number;
}

/** A hypervisor process: pid alone is reused, pid with start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's ticks (field 22 of `/proc/PID/stat`). */
  readonly startTicks: number;
  readonly cgroup?: string;
}

/** What the hypervisor says of one guest, promised or not. */
export interface GuestObservation {
  readonly guest: GuestId;
  readonly uuid: string;
  /** `off` means that no process exists, and that was confirmed. */
  readonly state: "running" | "paused" | "off";
  readonly process?: ProcessIdentity;
  /** Signed start by the host's wall clock, as data for the survivor order; never compared with a local clock. */
  readonly startedAtMs?: number;
  readonly autostart?: boolean;
}
