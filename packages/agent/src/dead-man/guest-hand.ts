/** What the dead-man can do to guests. One for each kind of hypervisor; none of them may wait for the agent. */
import type { DeadManObservation, ProcessIdentity } from "@berth/claims";
import type { LookedFor } from "./guest-look.ts";
import type { NamedGuest } from "./guest-process.ts";

/** The dead-man's hand. Nothing here throws; what fails is tried again at the next poll. */
export interface GuestHand {
  /** Whether guests can be suspended, as far as the last try showed. Without that they can only be killed. */
  readonly up: boolean;
  /** What is true of each guest now, in a fraction of K1. */
  look(guests: readonly LookedFor[]): Promise<readonly DeadManObservation[]>;
  suspend(guest: NamedGuest): Promise<"done" | "failed">;
  /** At once and without libvirt: `recorded` is the process that was last known to be the guest's. */
  kill(guest: NamedGuest, recorded: ProcessIdentity | undefined): "done" | "failed";
  close(): Promise<void>;
}
