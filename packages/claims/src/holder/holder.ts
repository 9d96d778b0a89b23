/**
 * The right of this host to run anything at all: one lease, renewed every R, whatever the number of guests.
 *
 * The only subtle thing is from when it counts. A voter counts D_A from when it heard us, we count T_fence from *before*
 * we spoke; so ours ends first however long messages took. An answer is worth something only for the request it
 * answers, in this life, and only while the lease it grants has not run out (section 4.1).
 */
import type { Membership } from "../membership.ts";
import type { Renew, RenewReply } from "../messages.ts";
import type { Outbox } from "../outbox.ts";
import { majority } from "../quorum.ts";
import type { Identity } from "../records.ts";
import type { Rules } from "../rules.ts";
import { after, type Deadline, holderElapsedMs, holderRemainingMs, type Now } from "../time.ts";
import type { HostId, VoterId } from "../words.ts";
import { LateKnowledge } from "./late-knowledge.ts";

interface Attempt {
  readonly sentAt: Now;
  readonly fenceMs: number;
  readonly acks: VoterId[];
}

/** What the holder needs of its host. */
export interface HolderParts {
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly membership: Membership;
}

/** What an answer to a renewal brought. */
export interface RenewNews {
  /** A lease that was too short to claim under is long enough now, or this voter has turned against the incarnation. */
  readonly changed: boolean;
  /** Hosts of which the voter says something else than before. */
  readonly late: ReadonlySet<HostId>;
}

/** One host's lease and incarnation. */
export class Holder {
  readonly #parts: HolderParts;
  readonly #host: HostId;
  readonly late = new LateKnowledge();
  readonly #heard = new Map<VoterId, Now>();
  #identity: Identity;
  #attempts = new Map<number, Attempt>();
  #lastAttempt = 0;
  #validUntil: Deadline | undefined;
  #fencedBy: VoterId[] = [];
  #fencedInc = 0;
  #corneredSince: Now | undefined;
  #cornered = false;
  #nextRenewMs = 0;
  #paused = false;

  constructor(
    parts: HolderParts,
    init: { readonly host: HostId; readonly identity: Identity; readonly validUntil: Deadline | undefined },
  ) {
    this.#parts = parts;
    this.#host = init.host;
    this.#identity = init.identity;
    this.#validUntil = init.validUntil;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** End of the lease; absent before the first one of this boot. */
  get validUntil(): Deadline | undefined {
    return this.#validUntil;
  }

  /** A lease is held and neither clock has reached its end. */
  isLeased(now: Now): boolean {
    return this.#validUntil !== undefined && !this.#parts.rules.holderPassed(this.#validUntil, now);
  }

  /** What is left of the lease, 0 when none. Milliseconds. */
  remainingMs(now: Now): number {
    return this.isLeased(now) && this.#validUntil !== undefined
      ? Math.max(0, holderRemainingMs(this.#validUntil, now))
      : 0;
  }

  /**
   * A majority has fenced this incarnation or granted it to another machine, or the voters are divided about it for too long:
   * everything off, then {@link reincarnate}.
   */
  get isFenced(): boolean {
    return this.#cornered || this.#parts.rules.isQuorum(this.#parts.membership.voterIds, this.#fencedBy);
  }

  /** Voters of the present set that answered within T_fence. */
  votersHeard(now: Now): number {
    const { membership } = this.#parts;
    const recent = (heard: Now | undefined) =>
      heard !== undefined && now.bootMs - heard.bootMs < membership.config.profile.fenceMs;
    return membership.voterIds.filter((voter) => recent(this.#heard.get(voter))).length;
  }

  /** Boot-time moment of the next renewal. */
  get nextRenewMs(): number {
    return this.#paused ? Number.POSITIVE_INFINITY : this.#nextRenewMs;
  }

  /** Renewing waits while old guests are not confirmed off: a new boot must not be granted anything before (4.5). */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  /** Renews when it is time. */
  tick(now: Now): void {
    this.#watchCorner(now);
    if (this.#paused || now.bootMs < this.#nextRenewMs) return;
    this.#renew(now);
  }

  /**
   * Fenced by a minority that never became more, and now too few of the others are left: those that answer do not grant, and
   * those that grant do not fence. Nobody could run its guests again; so it gives the incarnation up. Voters that were lost
   * for a moment have D_A to come back, for this costs the memory of its suspended guests.
   */
  #watchCorner(now: Now): void {
    const { rules, membership, outbox } = this.#parts;
    const divided =
      this.#fencedBy.length > 0 &&
      !this.isLeased(now) &&
      this.votersHeard(now) >= majority(membership.config.voters.length);
    if (!divided) {
      this.#corneredSince = undefined;
      return;
    }
    this.#corneredSince ??= now;
    if (this.#cornered || holderElapsedMs(this.#corneredSince, now) < rules.grantMs(membership.config.profile)) return;
    this.#cornered = true;
    outbox.note({
      level: "warning",
      code: "INCARNATION_GIVEN_UP",
      host: this.#host,
      text: `${this.#fencedBy.join(", ")} has fenced incarnation ${this.#identity.inc} and too few other voters answer`,
    });
  }

  /** Renews now: after a new configuration, a new incarnation, or a heal. */
  renewSoon(): void {
    this.#nextRenewMs = 0;
  }

  #renew(now: Now): void {
    const { outbox, membership } = this.#parts;
    const { renewMs, fenceMs } = membership.config.profile;
    this.#lastAttempt += 1;
    this.#nextRenewMs = now.bootMs + renewMs;
    for (const [number, attempt] of this.#attempts)
      if (now.bootMs - attempt.sentAt.bootMs > attempt.fenceMs) this.#attempts.delete(number);
    this.#attempts.set(this.#lastAttempt, { sentAt: now, fenceMs, acks: [] });
    const request: Renew = {
      kind: "renew",
      fleet: membership.fleet,
      cfg: membership.config.number,
      life: this.#identity.life,
      inc: this.#identity.inc,
      nonce: this.#identity.nonce,
      attempt: this.#lastAttempt,
    };
    for (const { host } of membership.config.voters) outbox.send(host, request);
  }

  /** One voter's answer. */
  onRenewReply(reply: RenewReply, now: Now): RenewNews {
    this.#heard.set(reply.voter, now);
    const late = this.late.learn(reply.voter, reply.late, now);
    const before = this.#fencedBy.length;
    let changed = false;
    if (reply.inc !== this.#identity.inc) return { changed, late };
    const { verdict } = reply;
    switch (verdict.kind) {
      case "ack":
        changed = this.#onAck(reply, now);
        break;
      case "fenced":
        this.#onFenced(reply.voter, verdict.fenced);
        changed = this.#fencedBy.length > before;
        break;
      case "clone":
        this.#onClone(reply.voter);
        changed = this.#fencedBy.length > before;
        break;
      case "wait":
        this.#nextRenewMs = Math.min(this.#nextRenewMs, now.bootMs + Math.max(20, verdict.remainingMs));
        break;
    }
    return { changed, late };
  }

  /**
   * Section 4.1: a majority for one attempt, in time, makes the lease T_fence long from before the sending. True when there was
   * too little of a lease to claim under before.
   */
  #onAck(reply: RenewReply, now: Now): boolean {
    const { rules, membership } = this.#parts;
    const attempt = this.#attempts.get(reply.attempt);
    if (attempt === undefined) return false;
    attempt.acks.push(reply.voter);
    if (!rules.isQuorum(membership.voterIds, attempt.acks)) return false;
    const until = after(rules.leaseStart(attempt.sentAt, now), attempt.fenceMs);
    if (!rules.ackInTime(until, now)) return false;
    if (this.#validUntil !== undefined && holderRemainingMs(this.#validUntil, until) >= 0) return false;
    const wasEnough = rules.leaseSuffices(this.remainingMs(now), membership.config);
    this.#validUntil = until;
    return !wasEnough;
  }

  /**
   * Another machine was granted this very incarnation. Which of the two is the copy cannot be told from here, and need not
   * be: the one that is refused takes everything down and asks as a new incarnation, which waits while the other lives. A
   * host whose disk was wiped comes back the same way.
   */
  #onClone(voter: VoterId): void {
    this.#parts.outbox.note({
      level: "alarm",
      code: "IDENTITY_CLONED",
      host: this.#host,
      text: `voter ${voter} knows incarnation ${this.#identity.inc} of another machine`,
    });
    if (!this.#fencedBy.includes(voter)) this.#fencedBy.push(voter);
  }

  #onFenced(voter: VoterId, fenced: number): void {
    this.#fencedInc = Math.max(this.#fencedInc, fenced);
    if (this.#fencedBy.includes(voter)) return;
    this.#fencedBy.push(voter);
    this.#parts.outbox.note({
      level: this.isFenced ? "warning" : "info",
      code: this.isFenced ? "FENCED" : "FENCED_BY_ONE",
      host: this.#host,
      text: this.isFenced
        ? `a majority has fenced incarnation ${this.#identity.inc}`
        : `voter ${voter} has fenced incarnation ${this.#identity.inc}`,
    });
  }

  /** A new incarnation: durable before it is used, with a nonce of its own. Only after everything is confirmed off. */
  reincarnate(init: { readonly nonce: string; readonly bootId: string }): Identity {
    const inc = Math.max(this.#identity.inc, this.#fencedInc) + 1;
    this.#identity = { ...this.#identity, inc, nonce: init.nonce, bootId: init.bootId };
    this.#parts.outbox.persist({ kind: "identity", value: this.#identity });
    this.#validUntil = undefined;
    this.#attempts = new Map();
    this.#forgetFences();
    this.#nextRenewMs = 0;
    this.#parts.outbox.note({
      level: "info",
      code: "REINCARNATED",
      host: this.#host,
      text: `incarnation ${inc} begins`,
    });
    return this.#identity;
  }

  /** Another voter set: attempts and fences of the old one do not count for the new one. The lease stays valid. */
  onConfigChange(): void {
    this.#attempts = new Map();
    this.#forgetFences();
    this.late.forget();
    this.renewSoon();
  }

  #forgetFences(): void {
    this.#fencedBy = [];
    this.#corneredSince = undefined;
    this.#cornered = false;
  }
}
