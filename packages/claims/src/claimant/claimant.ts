/**
 * Claims, releases and repairs of registers: Paxos over a majority of voters, with a fence in the middle.
 *
 * Three round trips of the textbook become two: the FENCE of an owner that a majority already calls dead travels together
 * with the PREPARE, because a fence holds for ever and its place before the ACCEPT is all that matters. Many guests share
 * one ballot and one message. Nothing here decides *whether* a guest should be claimed; that is `guests/`.
 */
import { ballotAbove } from "../ballot.ts";
import type { AcceptReply, FenceReply, PrepareReply } from "../messages.ts";
import type { Now } from "../time.ts";
import type { Ballot, GuestId, HostId } from "../words.ts";
import { Attempt } from "./attempt.ts";
import type { Claiming } from "./claiming.ts";
import { Fences } from "./fences.ts";
import { onAcceptReply } from "./on-accept-reply.ts";
import { onFenceStand } from "./on-fence-reply.ts";
import { onPrepareReply } from "./on-prepare-reply.ts";
import type { ClaimantParts } from "./parts.ts";
import type { Ended, Intent, Outcome, Try } from "./try.ts";

/** Repeat a request after this long without enough answers. @default 400 ms: several round trips of any LAN */
const resendMs = 400;

/** The claims, releases and repairs of one host that are under way. */
export class Claimant implements Claiming {
  readonly parts: ClaimantParts;
  readonly fences: Fences;
  readonly attempts = new Map<string, Attempt>();
  readonly #under = new Map<GuestId, Attempt | undefined>();
  readonly #failures = new Map<GuestId, number>();
  #waiting: { readonly guest: GuestId; readonly intent: Intent; readonly owner: Owner | undefined }[] = [];
  #outcomes: Outcome[] = [];
  #highestSeen = 0;
  #runs = 0;
  nextResendMs = Number.POSITIVE_INFINITY;

  constructor(parts: ClaimantParts) {
    this.parts = parts;
    this.fences = new Fences(parts);
  }

  /** Whether a try for this guest is under way. */
  isTrying(guest: GuestId): boolean {
    return this.#under.has(guest);
  }

  /** Wants something of a register. `owner` is who is believed to hold it, so that its fence can travel along. */
  propose(guest: GuestId, intent: Intent, owner?: Owner): void {
    if (this.isTrying(guest)) return;
    this.#under.set(guest, undefined);
    this.#waiting.push({ guest, intent, owner });
  }

  /** Stops trying; answers that still come are ignored. */
  abandon(guest: GuestId): void {
    this.#waiting = this.#waiting.filter((w) => w.guest !== guest);
    const attempt = this.#under.get(guest);
    attempt?.tries.delete(guest);
    if (attempt?.tries.size === 0) this.attempts.delete(attempt.key);
    this.#under.delete(guest);
  }

  /** An operator vouches that a host is off: fenced whatever its lease says, and repeated until a majority knows. */
  confirmDead(host: HostId, inc: number, now: Now, operator: string): void {
    this.fences.ask(host, inc, now, operator);
    this.nextResendMs = Math.min(this.nextResendMs, now.bootMs + resendMs);
  }

  /** Ends of tries since the last call. */
  takeOutcomes(): readonly Outcome[] {
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return outcomes;
  }

  /** A name for a new run of a guest, unique for ever. */
  newRunId(): string {
    this.#runs += 1;
    return `${this.parts.self}/${this.parts.holder.identity.life}/${this.#runs}`;
  }

  /** Sends what was proposed and what became ready during this step, gathered into as few messages as possible. */
  flush(now: Now): void {
    while (this.#waiting.length > 0) this.#begin(this.#waiting.splice(0, Attempt.guestsMax), now);
    for (const attempt of this.attempts.values()) attempt.flushAccepts(this.parts);
  }

  #begin(batch: readonly { guest: GuestId; intent: Intent; owner: Owner | undefined }[], now: Now): void {
    const { holder, self, membership } = this.parts;
    const ballot = ballotAbove(this.#highestSeen, self, holder.identity.life);
    this.sawBallot(ballot);
    const attempt = new Attempt(ballot, now);
    for (const { guest, intent } of batch) {
      attempt.add(guest, intent);
      this.#under.set(guest, attempt);
    }
    this.attempts.set(attempt.key, attempt);
    attempt.sendPrepare(this.parts);
    for (const { owner } of batch) {
      if (owner === undefined || this.fences.isFenced(owner.host, owner.inc)) continue;
      if (holder.late.fenceableFromMs(membership.voterIds, owner.host, owner.inc) <= now.bootMs)
        this.fences.ask(owner.host, owner.inc, now);
    }
    this.nextResendMs = Math.min(this.nextResendMs, now.bootMs + resendMs);
  }

  onPrepareReply(reply: PrepareReply, now: Now): void {
    onPrepareReply(this, reply, now);
  }

  onAcceptReply(reply: AcceptReply, now: Now): void {
    onAcceptReply(this, reply, now);
  }

  onFenceReply(reply: FenceReply, now: Now): void {
    onFenceStand(this, reply, this.fences.onReply(reply, now), now);
  }

  /** Remembers the highest ballot number, so that the next proposal is above it. */
  sawBallot(ballot: Ballot): void {
    this.#highestSeen = Math.max(this.#highestSeen, ballot.n);
  }

  /** Ends one try. */
  finish(attempt: Attempt, done: Try, outcome: Ended): void {
    attempt.tries.delete(done.guest);
    if (attempt.tries.size === 0) this.attempts.delete(attempt.key);
    this.#under.delete(done.guest);
    if (outcome.kind !== "failed") this.#failures.delete(done.guest);
    this.#outcomes.push({ ...outcome, guest: done.guest, intent: done.intent.kind });
  }

  /** Ends one try to be made again: at once the first time (the ballot was merely old), then with growing, random pauses. */
  fail(attempt: Attempt, failed: Try, reason: string, now: Now): void {
    const failures = this.#failures.get(failed.guest) ?? 0;
    this.#failures.set(failed.guest, failures + 1);
    const pauseMs = failures === 0 ? 0 : Math.min(2_000, 50 * 2 ** failures) * (0.5 + this.parts.random.next());
    this.finish(attempt, failed, { kind: "failed", retryAtMs: now.bootMs + pauseMs, reason });
  }

  /** Repeats what was not answered, ends what takes too long. */
  tick(now: Now): void {
    if (now.bootMs < this.nextResendMs) return;
    this.fences.resend(now, resendMs);
    const limitMs = Math.max(2_000, this.parts.membership.config.profile.fenceMs);
    for (const attempt of [...this.attempts.values()]) {
      const forMs = now.bootMs - attempt.startedAt.bootMs;
      if (forMs >= resendMs) this.#giveUpRejected(attempt, now);
      if (forMs < limitMs) attempt.resend(this.parts);
      else for (const late of [...attempt.tries.values()]) this.fail(attempt, late, "too few voters answered", now);
    }
    const isDone = this.attempts.size === 0 && !this.fences.isConfirming;
    this.nextResendMs = isDone ? Number.POSITIVE_INFINITY : now.bootMs + resendMs;
  }

  /** One voter has promised a higher ballot, and those that could outvote it are silent: only another ballot can win. */
  #giveUpRejected(attempt: Attempt, now: Now): void {
    for (const t of [...attempt.tries.values()])
      if (t.rejections.length > 0 && t.phase !== "fencing") this.fail(attempt, t, "outbid, and others are silent", now);
  }

  /** Another voter set: everything under way starts again there. */
  onConfigChange(now: Now): void {
    this.fences.onConfigChange();
    for (const attempt of [...this.attempts.values()])
      for (const open of [...attempt.tries.values()]) this.fail(attempt, open, "the voter set changed", now);
  }
}

/** Who is believed to hold a register. */
export interface Owner {
  readonly host: HostId;
  readonly inc: number;
}
