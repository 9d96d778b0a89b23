/**
 * What goes wrong, as data. A plan is a list of these; taking one out leaves a plan, which is how a failing run is
 * shrunk to the few faults that matter. Hosts are numbers here (0 is `h1`), guests too (0 is `web1`); times are ms of
 * true time from the beginning. A fault with `forMs` ends by itself.
 */
export type Fault = { readonly atMs: number } & FaultBody;

export type FaultBody =
  /** The hosts of `side` hear only each other. */
  | { readonly kind: "partition"; readonly side: readonly number[]; readonly forMs: number }
  /** One direction between two hosts. */
  | { readonly kind: "one-way"; readonly from: number; readonly to: number; readonly forMs: number }
  /** A host that can send and not hear, or hear and not send. */
  | { readonly kind: "deaf" | "mute"; readonly host: number; readonly forMs: number }
  | { readonly kind: "outage"; readonly forMs: number }
  | {
      readonly kind: "weather";
      readonly loss: number;
      readonly duplicate: number;
      readonly late: number;
      readonly lateMs: number;
      readonly forMs: number;
    }
  /** Everything a host sends or hears takes this much longer: answers are held until they hurt. */
  | {
      readonly kind: "hold";
      readonly host: number;
      readonly outMs: number;
      readonly inMs: number;
      readonly forMs: number;
    }
  | { readonly kind: "agent-crash"; readonly host: number; readonly forMs: number }
  /** SIGSTOP and, later, SIGCONT. */
  | { readonly kind: "agent-stop"; readonly host: number; readonly forMs: number }
  | { readonly kind: "deadman-stop"; readonly host: number; readonly forMs: number }
  /** The agent and its voter restart at once; a voter answers again after its quarantine. */
  | { readonly kind: "agent-restart"; readonly host: number }
  /** The host's disk is replaced by an empty one while the agent is down. */
  | { readonly kind: "wipe-disk"; readonly host: number; readonly forMs: number }
  | { readonly kind: "slow-disk"; readonly host: number; readonly slowMs: number; readonly forMs: number }
  /** Power off; back and booted after `forMs` (a slow boot is a long one). */
  | { readonly kind: "power-loss"; readonly host: number; readonly forMs: number }
  /** All hosts at once; host n is back after `forMs` + n x `staggerMs`. */
  | { readonly kind: "fleet-power-cut"; readonly forMs: number; readonly staggerMs: number }
  /** The host sleeps: boot time goes on, monotonic time stands still. */
  | { readonly kind: "freeze"; readonly host: number; readonly forMs: number }
  | { readonly kind: "libvirtd-restart"; readonly host: number; readonly forMs: number }
  | { readonly kind: "slow-hypervisor"; readonly host: number; readonly factor: number; readonly forMs: number }
  | {
      readonly kind: "hang";
      readonly host: number;
      readonly operation: "start" | "suspend" | "resume" | "destroy";
      readonly forMs: number;
    }
  /** The guest's process there, if any, cannot be killed any more. Needs a watchdog device to be within the assumptions. */
  | { readonly kind: "unkillable"; readonly host: number; readonly guest: number }
  /** Somebody with virsh. */
  | { readonly kind: "hand-start" | "hand-resume"; readonly host: number; readonly guest: number }
  | { readonly kind: "policy"; readonly guest: number; readonly wanted: "running" | "down" }
  /** The hosts whose class matches the guest from now on. */
  | { readonly kind: "class"; readonly guest: number; readonly hosts: readonly number[] }
  | { readonly kind: "add-host"; readonly host: number }
  | { readonly kind: "replace-voter"; readonly out: number; readonly by: number }
  | { readonly kind: "drain" | "undrain"; readonly host: number }
  | { readonly kind: "release"; readonly guest: number; readonly to: number }
  /** An operator says that a host is off, and it is. */
  | { readonly kind: "confirm-dead"; readonly host: number }
  /** Outside the assumptions: run apart, and measured. */
  | { readonly kind: "lost-fsync"; readonly host: number }
  | { readonly kind: "drift"; readonly host: number; readonly rate: number }
  | { readonly kind: "both-stopped"; readonly host: number; readonly forMs: number }
  | { readonly kind: "blind-freeze"; readonly host: number; readonly forMs: number };

export type FaultKind = Fault["kind"];

/** When the last fault of a plan is over, in ms. */
export function endOf(plan: readonly Fault[], hosts: number): number {
  let end = 0;
  for (const fault of plan) {
    const lasts = "forMs" in fault ? fault.forMs : 0;
    const stagger = fault.kind === "fleet-power-cut" ? fault.staggerMs * hosts : 0;
    end = Math.max(end, fault.atMs + lasts + stagger);
  }
  return end;
}
