/**
 * What goes into a host's machine. Everything it knows of the world comes through these, each with one reading of both
 * clocks; it never asks. Observations are levels, not edges: the whole list, as often as the driver likes.
 */
import type { Message } from "./messages.ts";
import type { Act, DeadManFeed } from "./ready.ts";
import type { DurableRecord } from "./records.ts";
import type { Configuration, FleetHost, GuestId, GuestObservation, HostId, PromisedGuest, Voter } from "./words.ts";

/** First event of a life, exactly once. */
export interface StartEvent {
  readonly kind: "start";
  /** Everything left in the store; empty at the very first start. */
  readonly durable: readonly DurableRecord[];
  /** The kernel's boot id (`/proc/sys/kernel/random/boot_id`). */
  readonly bootId: string;
  /** What the dead-man's tmpfs file says now; absent after a reboot. */
  readonly feed?: DeadManFeed;
  /** The configuration from the agent's files; a newer durable one wins. */
  readonly config: Configuration;
  /** Fresh random text, at least 128 bits: the nonce if this start begins a new incarnation. */
  readonly nonce: string;
}

/** Commands of an operator: explicit, typed, audited (section 7). */
export type OperatorCommand =
  /** Vouch that a host is off. Fences it whatever its lease says. Its guests move at once. */
  | { readonly kind: "confirm-dead"; readonly host: HostId; readonly operator: string }
  /** Found a new voter set from this host's voter when no majority is left. Every host in `deadHosts` is fenced. */
  | {
      readonly kind: "reset-quorum";
      readonly voters: readonly Voter[];
      readonly deadHosts: readonly HostId[];
      readonly operator: string;
      readonly reason: string;
    }
  /** Change the voter set in order: seal, copy, activate. */
  | { readonly kind: "change-voters"; readonly voters: readonly Voter[] }
  /** Stop one guest here and free its claim, for `to` when given. */
  | { readonly kind: "release"; readonly guest: GuestId; readonly to?: HostId }
  /** Ask to run a guest here although another host ranks higher; a live owner is not disturbed. */
  | { readonly kind: "claim"; readonly guest: GuestId }
  | { readonly kind: "drain" }
  | { readonly kind: "undrain" };

/** Everything that can happen to a host. */
export type HostEvent =
  | StartEvent
  /** Time has passed: at the latest at `nextWakeMs`, as often as the driver likes. */
  | { readonly kind: "wake" }
  /** A message whose sender the transport has authenticated. Sends to oneself come back this way too. */
  | { readonly kind: "message"; readonly from: HostId; readonly message: Message }
  /** The whole list of domains of this host; a guest that is not listed is off, and confirmed to be. */
  | { readonly kind: "observed"; readonly guests: readonly GuestObservation[] }
  /** An act ended. Its effect is believed only from the next observation, except that `failed` allows a retry. */
  | { readonly kind: "act-done"; readonly act: Act; readonly outcome: "done" | "failed"; readonly reason?: string }
  /** The whole set of promised guests; replaces the one before. A guest no longer in it is left alone from then on. */
  | { readonly kind: "policy"; readonly guests: readonly PromisedGuest[] }
  /** The whole list of members, this host included; replaces the one before. Nobody is waited for while none was given. */
  | { readonly kind: "members"; readonly hosts: readonly FleetHost[] }
  /** What this host can carry. `hypervisorUp: false` while libvirt does not answer. */
  | {
      readonly kind: "capacity";
      readonly weight: number;
      readonly memoryFreeKib: number;
      readonly hypervisorUp: boolean;
    }
  /** The dead-man's last heartbeat was read. Without one no guest is started or resumed. */
  | { readonly kind: "dead-man-alive"; readonly watchdog: boolean }
  /** A connection to a peer came up: a full gossip exchange follows. */
  | { readonly kind: "peer-connected"; readonly host: HostId }
  | { readonly kind: "operator"; readonly command: OperatorCommand };
