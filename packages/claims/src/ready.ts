/**
 * What comes out of a host's machine: one batch, carried out strictly in order.
 *
 *   persist (all on the disk)  ->  feed (the dead-man's file replaced)  ->  send  ->  act
 *
 * Nothing of a batch is sent before all of its records are durable, and no guest is started or resumed before the
 * dead-man knows of it. Batches are carried out in the order in which they were taken.
 */
import type { Message } from "./messages.ts";
import type { DurableRecord } from "./records.ts";
import type { Deadline } from "./time.ts";
import type { GuestId, HostId, OnIsolated, ProcessIdentity } from "./words.ts";

/** `to: "*"` goes to every peer (published once), never back to the sender. `to` oneself is delivered locally. */
export interface Send {
  readonly to: HostId | "*";
  readonly message: Message;
}

/** Something to do with a guest. `id` grows by one within a life; one act per guest is under way, force apart. */
export type Act = { readonly id: number; readonly guest: GuestId; readonly why: string } & (
  | { readonly kind: "start-paused" }
  /** Not to be begun once `notAfter` has passed on either clock: report it as failed instead. */
  | { readonly kind: "resume"; readonly notAfter: Deadline }
  | { readonly kind: "suspend" }
  /** Ask the guest to stop; the machine follows with `destroy` when it does not. */
  | { readonly kind: "shutdown" }
  | { readonly kind: "destroy" }
  | { readonly kind: "clear-autostart" }
);

/** One guest that the dead-man must stop. */
export interface FeedGuest {
  readonly guest: GuestId;
  readonly uuid: string;
  readonly process?: ProcessIdentity;
  /** A resume was ordered and its end not seen: it may still land, so a suspend proves nothing and only a kill does. */
  readonly resumeInFlight: boolean;
  readonly onIsolated: OnIsolated;
}

/** The dead-man's tmpfs file, replaced as a whole (write, rename). */
export interface DeadManFeed {
  readonly bootId: string;
  /** The lease's end: the one absolute deadline. */
  readonly deadline: Deadline;
  readonly killMs: number;
  readonly stopMs: number;
  readonly pollMs: number;
  readonly guests: readonly FeedGuest[];
}

/** For the log, `berth events` and alarms. `code` is stable, `text` is free to change. */
export interface Note {
  readonly level: "info" | "warning" | "alarm";
  readonly code: string;
  readonly text: string;
  readonly guest?: GuestId;
  readonly host?: HostId;
}

/** One batch, in the order above. */
export interface Ready {
  readonly persist: readonly DurableRecord[];
  /** Present when the dead-man's file must be replaced. */
  readonly feed?: DeadManFeed;
  readonly send: readonly Send[];
  readonly act: readonly Act[];
  readonly notes: readonly Note[];
  /** Boot-time moment of the next `wake` at the latest; absent before `start`. */
  readonly nextWakeMs?: number;
}
