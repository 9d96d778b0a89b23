/**
 * Every decision that safety hangs on, as one small pure function each.
 *
 * The machines ask these and decide nothing by themselves, so that a reader finds each rule of the protocol by its name
 * and the simulator can weaken exactly one of them at a time. Production builds have only the frozen
 * {@link productionRules}: the entry that takes others (`@berth/claims/testing`) is not imported by any product package.
 */
import { compareBallots } from "./ballot.ts";
import type { DeadManObservation } from "./dead-man/boundary.ts";
import { claimLeaseMs, grantMs } from "./profile.ts";
import { isQuorum } from "./quorum.ts";
import type { DeadManFeed, FeedGuest } from "./ready.ts";
import type { DurableRecord } from "./records.ts";
import { bothPassed, eitherPassed } from "./time.ts";
import type { Ballot, ClaimValue, Configuration, HostId, KnownHost, VoterId } from "./words.ts";

/** The voter's view of a lease when somebody wants it ended. */
export interface LeaseView {
  /** A grant of this voter has not run out on both clocks. */
  readonly live: boolean;
  /** The voter started less than D_A ago and does not know what it granted before. */
  readonly quarantined: boolean;
  /** The voter was deaf to most hosts and hears them again since less than 5 s. */
  readonly heldDown: boolean;
}

/** What stands before a resume. */
export interface ResumeView {
  readonly leased: boolean;
  /** The claim is this host's, under its present incarnation. */
  readonly owned: boolean;
  readonly deadManAlive: boolean;
}

/** The only rules of the product. */
export const productionRules = Object.freeze({
  // Clocks and times: section 6.

  /** A holder's deadline has passed when either clock has reached it. */
  holderPassed: eitherPassed,
  /** A voter's deadline has passed when both clocks have reached it. */
  voterPassed: bothPassed,
  /** D_A: long enough for the slowest host to be dead on the fastest voter clock. */
  grantMs,
  /** A voter that starts knows nothing of its grants, so it waits out the longest of them (section 2). */
  quarantineMs: (config: Configuration): number => Math.max(grantMs(config.profile), config.quarantineMs ?? 0),
  /** A claim needs T_fence/4 of lease left to finish in. */
  leaseSuffices: (remainingMs: number, config: Configuration): boolean => remainingMs >= claimLeaseMs(config.profile),

  // Counting: section 3.

  /** A quorum is a set of voter ids. */
  isQuorum,
  /** Replies to an earlier life are dropped. */
  acceptsReply: (replyLife: number, life: number): boolean => replyLife === life,
  /**
   * Every start is another life, so that no ballot and no attempt is used twice. It grows by a number drawn at the start: two
   * machines with copies of one disk would else count on side by side, and take each other's answers for their own.
   */
  nextLife: (previous: number, drawn: number): number => previous + 1 + (drawn % 1_048_576),

  // Voter: section 3.

  /** Registers, hosts, seals: on the disk before any answer. */
  isDurable: (_record: DurableRecord): boolean => true,
  /** A fenced incarnation, or one older than known, is never granted again: RENEW is refused. */
  refusesRenewal: isFenced,
  /** The same incarnations need no further fence: FENCE is acknowledged. What is acknowledged is exactly what is refused. */
  isFenced,
  /** Same incarnation, other nonce: two machines with one identity. */
  isClone: (known: KnownHost, inc: number, nonce: string): boolean => inc === known.inc && nonce !== known.nonce,
  /** A newer incarnation only when the old one's lease is not live here. */
  mayAdvance: (lease: LeaseView): boolean => !lease.live && !lease.quarantined,
  /** A fence only when the lease is not live here, never in quarantine, never while held down. */
  mayFence: (lease: LeaseView): boolean => !lease.live && !lease.quarantined && !lease.heldDown,
  /** A fence found on the own disk says nothing in quarantine: it may be a copied one, and the host's old lease runs on. */
  fenceStands: (lease: LeaseView): boolean => !lease.quarantined,
  /** A promise for a ballot at least as high as any before. */
  mayPromise: (promised: Ballot, ballot: Ballot): boolean => compareBallots(ballot, promised) >= 0,
  /** An accept likewise. */
  mayAccept: (promised: Ballot, ballot: Ballot): boolean => compareBallots(ballot, promised) >= 0,
  /** A claim of a fenced incarnation is refused even if its ballot is good. */
  acceptsOwner: (known: KnownHost | undefined, value: ClaimValue): boolean =>
    value.owner === null || known === undefined || value.inc > known.fenced,
  /** A wiped disk is another voter and must not answer under the old identity (section 7). */
  answersFor: (disk: VoterId, config: Configuration): boolean => config.voters.some((v) => v.voter === disk),
  /** A sealed voter grants, promises, accepts and fences nothing (section 7). */
  answersWhenSealed: (): boolean => false,
  /** A voter deaf to most hosts for T_fence waits before it calls anybody dead (section 4.7). */
  holdDownMs: (): number => 5_000,

  /** The copy for the new set comes from a majority of sealed voters, never from one (section 7). */
  copiesFrom: isQuorum,
  /** At a `reset-quorum` every host is fenced, the survivors too: the lost majority may have chosen claims that the founder never heard of. */
  fencesAtReset: (_isDead: boolean): boolean => true,

  // Holder: sections 4.1, 4.5.

  /** The lease counts from the moment before the request was sent. */
  leaseStart: <T>(sentAt: T, _ackedAt: T): T => sentAt,
  /** An answer that comes after the lease it grants has run out is worth nothing. */
  ackInTime: eitherPassedNot,
  /** A new incarnation only when every protected guest of the old one is confirmed off. */
  mayReincarnate: (notConfirmedOff: number): boolean => notConfirmedOff === 0,

  // Claimant: section 4.2.

  /** Of two accepted values the one with the higher ballot counts. */
  isHigher: (a: Ballot, b: Ballot): boolean => compareBallots(a, b) > 0,
  /** Another owner, or this host in an earlier incarnation, is fenced at a majority before it is replaced. */
  needsFence: (value: ClaimValue, me: HostId, inc: number): boolean =>
    value.owner !== null && (value.owner !== me || value.inc !== inc),
  /** Epochs grow with every change and never fall. */
  nextEpoch: (current: number): number => current + 1,

  // Guests on this host: sections 4.3, 4.4, 4.6.

  /** Start paused, look again, then resume. */
  mayResume: (view: ResumeView): boolean => view.leased && view.owned && view.deadManAlive,
  /** A running guest without a lease is suspended by the agent too, not by the dead-man alone. */
  mustSuspend: (leased: boolean): boolean => !leased,
  /** Release: durably forgotten before the voters are told. */
  forgetsBeforeTelling: (): boolean => true,
  /** A copy found paused is kept for a first claim only: later ones may have been run past it elsewhere, disks and all. */
  keepsFoundCopy: (epoch: number): boolean => epoch <= 1,
  /** Release: told only when the process is confirmed gone. */
  confirmedGone: (state: "running" | "paused" | "off"): boolean => state === "off",

  // Dead-man: section 5.

  /** At boot, and with the file of another boot, the deadline counts as passed. */
  feedCounts: (feed: DeadManFeed | undefined, bootId: string): feed is DeadManFeed =>
    feed !== undefined && feed.bootId === bootId,
  /** Only a gone process, or a suspended one that no pending resume can wake, counts as stopped. */
  isStopped: (guest: Pick<FeedGuest, "resumeInFlight">, state: DeadManObservation["state"]): boolean =>
    state === "off" || (state === "paused" && !guest.resumeInFlight),
  /** At +K1 whatever is not confirmed stopped is killed. */
  killsUnconfirmed: (): boolean => true,
  /** At +K a host with anything still alive must reset. */
  feedsWatchdog: (unstopped: number, pastStop: boolean): boolean => !(pastStop && unstopped > 0),
});

function isFenced(known: KnownHost, inc: number): boolean {
  return inc <= known.fenced || inc < known.inc;
}

function eitherPassedNot(deadline: Parameters<typeof eitherPassed>[0], now: Parameters<typeof eitherPassed>[1]) {
  return !eitherPassed(deadline, now);
}

/** The shape of the rules; a mutant is `{ ...productionRules, oneRule: weaker }`. */
export type Rules = typeof productionRules;
