/**
 * One agent's whole protocol machine: what the agent and the simulator drive.
 *
 *     const host = createHost({ host: "h1", fleet: "f", seed: 7, hypervisor: true });
 *     host.step({ kind: "start", ... }, now);  const batch = host.takeReady();
 */
import type { HostEvent } from "./events.ts";
import type { GossipEntry } from "./messages.ts";
import type { Ready } from "./ready.ts";
import type { Now } from "./time.ts";
import type { ClaimValue, Configuration, GuestId, HostId } from "./words.ts";

/** What never changes during a life. */
export interface HostInit {
  readonly host: HostId;
  readonly fleet: string;
  /** Seed of jitter and of the choice of gossip partners; any 32-bit number, different on each host. */
  readonly seed: number;
  /** False for a witness: it votes and gossips and never runs a guest. */
  readonly hypervisor: boolean;
}

/** A machine without timers, sockets or disks. One reading of both clocks per event. */
export interface Host {
  step(event: HostEvent, now: Now): void;
  /** Everything that has become ready since the last call; see `ready.ts` for the order. */
  takeReady(): Ready;
  /** What `berth status` and the planner ask; a snapshot, cheap, without effect. */
  view(now: Now): HostView;
  /** The view without its guests: what may be asked many times a second on a host with a thousand of them. */
  standing(now: Now): HostStanding;
  /** One guest of the view; undefined for one that nothing is known of. */
  guest(guest: GuestId): GuestView | undefined;
  /** The newest word of every host about itself and its guests, this one's included; a copy for status, without effect. */
  heard(now: Now): readonly HeardEntry[];
}

/** A {@link HostView} without its guests. */
export type HostStanding = Omit<HostView, "guests">;

/** One piece of gossip, and how long ago this host learnt it. */
export interface HeardEntry {
  readonly entry: GossipEntry;
  /** Milliseconds of this host's boot-time clock; 0 for its own word. */
  readonly ageMs: number;
}

/** Where a guest stands on this host, in one word. */
export type GuestPhase =
  | "idle"
  | "claiming"
  | "starting"
  | "running"
  | "suspended"
  | "isolated"
  | "stopping"
  | "releasing"
  | "losing"
  | "adopting";

/** One guest in a {@link HostView}. */
export interface GuestView {
  readonly guest: GuestId;
  readonly phase: GuestPhase;
  /** A durable claim of this host's present incarnation. Running also needs the lease. */
  readonly owned: boolean;
  /** The claim as far as this host knows. */
  readonly claim?: ClaimValue;
  /** One sentence: why it is (not) here. */
  readonly reason: string;
}

/** A host's own view, for status, the planner and tests. */
export interface HostView {
  readonly config: Configuration;
  readonly inc: number;
  readonly life: number;
  /** What is left of the lease, 0 when none. */
  readonly leaseRemainingMs: number;
  readonly votersHeard: number;
  readonly votersNeeded: number;
  readonly guests: readonly GuestView[];
  /** Present when this host answers as a voter. */
  readonly voter?: {
    readonly active: boolean;
    readonly liveHosts: number;
    readonly quarantineMs: number;
    readonly sealed: boolean;
  };
}
