/** What goes into and comes out of the dead-man: a machine of its own, in a process of its own. */
import type { DeadManFeed, Note } from "../ready.ts";
import type { GuestId, ProcessIdentity } from "../words.ts";

/** What the dead-man sees of one guest. `unknown`: the process lives and nobody can say whether it is suspended. */
export interface DeadManObservation {
  readonly guest: GuestId;
  readonly state: "running" | "paused" | "off" | "unknown";
  readonly process?: ProcessIdentity;
}

/** What happens to the dead-man. */
export type DeadManEvent =
  /** First event. `feed` is the tmpfs file, absent after boot; `guests` are those of the store's `owned` records. */
  | {
      readonly kind: "start";
      readonly bootId: string;
      readonly feed?: DeadManFeed;
      readonly guests: readonly GuestId[];
    }
  /** Every `pollMs`: the tmpfs file as it stands now. */
  | { readonly kind: "poll"; readonly feed?: DeadManFeed }
  /** Answer to `observe`: a guest that is not listed is off, and confirmed to be. */
  | { readonly kind: "observed"; readonly guests: readonly DeadManObservation[] }
  | { readonly kind: "act-done"; readonly act: DeadManAct; readonly outcome: "done" | "failed" };

/** What the dead-man orders. */
export type DeadManAct =
  /** Look at every guest: processes by pid and start time, their state through libvirt with a short deadline. */
  | { readonly kind: "observe" }
  | { readonly kind: "suspend"; readonly guest: GuestId }
  /** By cgroup or SIGKILL, never through libvirtd. Without `process`, by the pid file. */
  | { readonly kind: "kill"; readonly guest: GuestId; readonly process?: ProcessIdentity };

/** One batch of the dead-man, to be carried out as it stands. */
export interface DeadManReady {
  readonly act: readonly DeadManAct[];
  /** Whether to feed the watchdog device now (and to write the heartbeat that the agent reads). */
  readonly feedWatchdog: boolean;
  readonly notes: readonly Note[];
  /** Boot-time moment of the next poll. */
  readonly nextWakeMs: number;
}
