/**
 * What goes wrong, as data. A plan is a list of these; taking one out leaves a plan, which is how a failing run is
 * shrunk to the few faults that matter. Hosts are numbers here (0 is `h1`), guests too (0 is `web1`); times are ms of
 * true time from the beginning. A fault with `forMs` ends by itself.
 */
interface Lasting {
  readonly forMs: number;
}

interface OnHost {
  readonly host: number;
}

interface OnHostLasting extends OnHost, Lasting {}

interface GuestOnHost extends OnHost {
  readonly guest: number;
}

/** What each kind of fault carries. */
export interface FaultShapes {
  /** The hosts of `side` hear only each other. */
  readonly partition: Lasting & { readonly side: readonly number[] };
  /** One direction between two hosts. */
  readonly "one-way": Lasting & { readonly from: number; readonly to: number };
  /** A host that can send and not hear. */
  readonly deaf: OnHostLasting;
  /** A host that can hear and not send. */
  readonly mute: OnHostLasting;
  readonly outage: Lasting;
  readonly weather: Lasting & {
    readonly loss: number;
    readonly duplicate: number;
    readonly late: number;
    readonly lateMs: number;
  };
  /** Everything a host sends or hears takes this much longer: answers are held until they hurt. */
  readonly hold: OnHostLasting & { readonly outMs: number; readonly inMs: number };
  readonly "agent-crash": OnHostLasting;
  /** SIGSTOP and, later, SIGCONT. */
  readonly "agent-stop": OnHostLasting;
  readonly "deadman-stop": OnHostLasting;
  /** The agent and its voter restart at once; a voter answers again after its quarantine. */
  readonly "agent-restart": OnHost;
  /** The host's disk is replaced by an empty one while the agent is down. */
  readonly "wipe-disk": OnHostLasting;
  readonly "slow-disk": OnHostLasting & { readonly slowMs: number };
  /** Power off; back and booted after `forMs` (a slow boot is a long one). */
  readonly "power-loss": OnHostLasting;
  /** All hosts at once; host n is back after `forMs` + n x `staggerMs`. */
  readonly "fleet-power-cut": Lasting & { readonly staggerMs: number };
  /** The host sleeps: boot time goes on, monotonic time stands still. */
  readonly freeze: OnHostLasting;
  readonly "libvirtd-restart": OnHostLasting;
  readonly "slow-hypervisor": OnHostLasting & { readonly factor: number };
  readonly hang: OnHostLasting & { readonly operation: "start" | "suspend" | "resume" | "destroy" };
  /** The guest's process there, if any, cannot be killed any more. Needs a watchdog device to be within the assumptions. */
  readonly unkillable: GuestOnHost;
  /** Somebody with virsh. */
  readonly "hand-start": GuestOnHost;
  readonly "hand-resume": GuestOnHost;
  readonly policy: { readonly guest: number; readonly wanted: "running" | "down" };
  /** The hosts whose class matches the guest from now on. */
  readonly class: { readonly guest: number; readonly hosts: readonly number[] };
  readonly "add-host": OnHost;
  readonly "replace-voter": { readonly out: number; readonly by: number };
  readonly drain: OnHost;
  readonly undrain: OnHost;
  readonly release: { readonly guest: number; readonly to: number };
  /** An operator says that a host is off. */
  readonly "confirm-dead": OnHost;
  /** An operator founds a new voter set from this host when no majority is left. */
  readonly "reset-quorum": OnHost & { readonly voters: readonly number[]; readonly dead: readonly number[] };
  /** A host burns down: its power goes and never comes back. */
  readonly "host-lost": OnHost;
  /**
   * This machine comes up with a copy of the other one's disk and name: a second machine with one identity. It is switched off for
   * good after `forMs`, when that is given.
   */
  readonly clone: OnHost & {
    readonly of: number;
    /** Its disk is empty: only the name is the same. */
    readonly blank?: boolean;
    readonly forMs?: number;
  };
  /** From here on outside the assumptions: run apart, and measured. A disk that says synced and is not. */
  readonly "lost-fsync": OnHost;
  readonly drift: OnHost & { readonly rate: number };
  readonly "both-stopped": OnHostLasting;
  /** An outer hypervisor pauses the host and its clocks. */
  readonly "blind-freeze": OnHostLasting;
}

/** Names of the kinds of faults. */
export type FaultKind = keyof FaultShapes;

/** A fault without its time. */
export type FaultBody = { readonly [K in FaultKind]: { readonly kind: K } & FaultShapes[K] }[FaultKind];

/** A fault and the true time at which it happens, in ms. */
export type Fault = { readonly atMs: number } & FaultBody;

/** When the last fault of a plan is over, in ms. */
export function endOf(plan: readonly Fault[], hosts: number): number {
  let end = 0;
  for (const fault of plan) {
    const lasts = "forMs" in fault ? (fault.forMs ?? 0) : 0;
    const stagger = fault.kind === "fleet-power-cut" ? fault.staggerMs * hosts : 0;
    end = Math.max(end, fault.atMs + lasts + stagger);
  }
  return end;
}
