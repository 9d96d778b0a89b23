/** What the files of this folder share: the small machines next door, and this host's own circumstances. */
import type { Claimant } from "../claimant/claimant.ts";
import type { Gossip } from "../gossip/gossip.ts";
import type { Holder } from "../holder/holder.ts";
import type { Membership } from "../membership.ts";
import { guestsPerMessage } from "../messages.ts";
import type { Outbox } from "../outbox.ts";
import type { Gathering } from "../placement/gathering.ts";
import type { Rules } from "../rules.ts";
import type { Now } from "../time.ts";
import type { GuestId, HostId } from "../words.ts";
import type { GuestState } from "./state.ts";

/** The surroundings of a look at a guest. */
export interface GuestParts {
  readonly self: HostId;
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly membership: Membership;
  readonly holder: Holder;
  readonly claimant: Claimant;
  readonly gossip: Gossip;
  readonly gathering: Gathering;
  readonly all: Map<GuestId, GuestState>;
  readonly here: Circumstances;
  /** Looks at the guest again at this moment (boot-time) at the latest. */
  wakeGuest(g: GuestState, atMs: number): void;
  /** Looks at the guest again once fewer are {@link Circumstances.pending}. */
  awaitRoom(g: GuestState): void;
  /** The dead-man's list must be written again with this batch. */
  feedChanged(): void;
  /** This host's advert or the guest's must be looked at again. */
  advertChanged(g: GuestState): void;
}

/** What changes on this host as a whole. */
export interface Circumstances {
  readonly hypervisor: boolean;
  hypervisorUp: boolean;
  weight: number;
  memoryFreeKib: number;
  draining: boolean;
  /** Boot-time moment of the dead-man's last heartbeat; minus infinity before the first. */
  deadManSeenMs: number;
  /** At least one whole list of domains was seen in this life. */
  observedOnce: boolean;
  /** An old incarnation is being taken down: nothing may be claimed in its name. */
  clearing: boolean;
  /** Policy was given at least once in this life. */
  policySeen: boolean;
  /** Boot-time moment at which this life began. */
  startedMs: number;
  /** Guests owned, being claimed or being adopted. */
  load: number;
  /** Memory of guests that are claimed or being claimed here and do not run yet: it counts as taken already. */
  memoryPendingKib: number;
  /** Guests that are claimed or being claimed here, do not run yet and have not failed to start. */
  pending: number;
  /** Placement keys that hold here, in order. */
  matches: readonly string[];
  /** Guests that policy wants somewhere. */
  wanted: number;
}

/**
 * So many guests are being claimed and started at a time. @default 96, what one ballot carries: who claims a thousand at once can start
 * none of them before its lease is looked at again, and nobody else gets any
 */
const pendingMost = guestsPerMessage;

/** How many more guests may be claimed now. */
export function roomLeft(here: Circumstances): number {
  return Math.max(0, pendingMost - here.pending);
}

/** Whether another guest may be claimed now. */
export function hasRoom(here: Circumstances): boolean {
  return roomLeft(here) > 0;
}

/** Memory for further guests. */
export function memoryLeftKib(here: Circumstances): number {
  return Math.max(0, here.memoryFreeKib - here.memoryPendingKib);
}

/** Without a heartbeat of the dead-man for this long nothing is started or resumed: 20 polls. */
const deadManSilenceMs = 2_000;

/** Whether the dead-man's heartbeat was seen recently enough to start or resume anything. */
export function deadManAlive(here: Circumstances, now: Now): boolean {
  return now.bootMs - here.deadManSeenMs <= deadManSilenceMs;
}
