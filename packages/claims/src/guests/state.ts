/** What this host keeps of one guest: policy, what runs, what it owns, and what it is doing about it. */

import type { GuestPhase } from "../host.ts";
import type { Act, FeedGuest } from "../ready.ts";
import type { OwnedClaim, ReleasedClaim } from "../records.ts";
import type { ClaimValue, GuestId, GuestObservation, HostId, PromisedGuest } from "../words.ts";

/** One guest, as this host sees it now. */
export interface GuestState {
  readonly guest: GuestId;
  /** Absent once policy no longer promises it; the last one is kept in `lastPromise` while it is owned. */
  promise: PromisedGuest | undefined;
  lastPromise: PromisedGuest | undefined;
  /** Absent before the first observation of this life and while it is off. */
  observed: GuestObservation | undefined;
  owned: OwnedClaim | undefined;
  released: ReleasedClaim | undefined;
  /** The newest claim heard of, by gossip or from the registers. */
  known: ClaimValue | undefined;
  knownSinceMs: number;
  /** The registers themselves named another owner since this copy was seen: it may be destroyed. */
  lostTo: HostId | undefined;
  /** Since when policy wants it somewhere (boot-time). */
  wantedSinceMs: number;
  /** What it adds to the load of this host, as last counted (`load.ts`). */
  counted: { readonly load: number; readonly memoryPendingKib: number; readonly pending: number };
  /** Not before this moment (boot-time) the registers are asked again. */
  nextTryMs: number;
  nextRefreshMs: number;
  /** When the registers were last asked about an owner that does not confirm its claim (boot-time). */
  doubtedMs: number;
  /** When the voters were last asked for a claim because its owner was not heard of any more (boot-time). */
  silenceAskedMs: number;
  /** The one act under way, and the force that may overtake it. */
  act: Act | undefined;
  actSinceMs: number;
  /** An act ended; nothing is begun before the next observation shows what it did. */
  awaitsLook: boolean;
  /** Force that was ordered, and from when on (boot-time) it is ordered again. */
  forced: { readonly kind: "suspend" | "destroy"; readonly againMs: number } | undefined;
  resumeInFlight: boolean;
  /** The copy has executed, or was found here: it has a memory that can grow old. */
  hasRun: boolean;
  /** Promised for the first time ever: if it runs already, it is production from before Berth. */
  isNew: boolean;
  /** It was claimed with a copy that somebody else may have run past meanwhile: that copy must not be resumed. */
  staleCopy: boolean;
  /** Found running and unclaimed: untouched until this moment, then claimed (section 8). */
  adopting: { readonly untilMs: number } | undefined;
  /** An operator's or a drain's wish to give the guest up. */
  release: { readonly to: HostId | undefined } | undefined;
  /** An operator's wish to have it here. */
  wished: boolean;
  stoppingSinceMs: number | undefined;
  isolatedSinceMs: number | undefined;
  startFailures: number;
  /** Suspends, resumes and destroys that failed in a row, without any change to be seen. */
  failures: number;
  /** When the last act failed (boot-time). */
  failedMs: number;
  /** An earlier life of this boot had it on the dead-man's list: Berth's own, never production from before Berth. */
  earlier: FeedGuest | undefined;
  /** This host failed to start it and leaves it to others until then (boot-time). */
  avoidUntilMs: number;
  phase: GuestPhase;
  reason: string;
}

const nothingCounted = { load: 0, memoryPendingKib: 0, pending: 0 };

/** A guest of which nothing is known yet. */
export function newGuestState(guest: GuestId): GuestState {
  return {
    guest,
    promise: undefined,
    lastPromise: undefined,
    observed: undefined,
    owned: undefined,
    released: undefined,
    known: undefined,
    knownSinceMs: 0,
    lostTo: undefined,
    wantedSinceMs: 0,
    counted: nothingCounted,
    nextTryMs: 0,
    nextRefreshMs: 0,
    doubtedMs: 0,
    silenceAskedMs: 0,
    act: undefined,
    actSinceMs: 0,
    awaitsLook: false,
    forced: undefined,
    resumeInFlight: false,
    hasRun: false,
    isNew: false,
    staleCopy: false,
    adopting: undefined,
    release: undefined,
    wished: false,
    stoppingSinceMs: undefined,
    isolatedSinceMs: undefined,
    startFailures: 0,
    failures: 0,
    failedMs: Number.NEGATIVE_INFINITY,
    earlier: undefined,
    avoidUntilMs: 0,
    phase: "idle",
    reason: "nothing is known yet",
  };
}

/** The hypervisor has a process for it. */
export function isActive(g: GuestState): boolean {
  return g.observed !== undefined && g.observed.state !== "off";
}

/** The promise that governs it: the present one, or the last one of a guest that is still owned. */
export function ruling(g: GuestState): PromisedGuest | undefined {
  return g.promise ?? g.lastPromise;
}

/** Where the guest stands, in one word and one sentence. */
export function say(g: GuestState, phase: GuestPhase, reason: string): void {
  g.phase = phase;
  g.reason = reason;
}

/** Who is believed to own the guest, when that is somebody. */
export function ownerOf(g: GuestState): { readonly host: HostId; readonly inc: number } | undefined {
  return g.known === undefined || g.known.owner === null ? undefined : { host: g.known.owner, inc: g.known.inc };
}

/** Gossip key of a guest. */
export function guestKey(guest: GuestId): string {
  return `guest/${guest}`;
}
