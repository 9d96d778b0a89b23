/** Promises come in (section 4.2): take the highest accepted value of a majority, then decide what may be written. */
import type { PrepareReply } from "../messages.ts";
import { majority, reachedByMajority } from "../quorum.ts";
import type { Now } from "../time.ts";
import type { ClaimValue } from "../words.ts";
import { type Attempt, attemptKey } from "./attempt.ts";
import type { Claiming } from "./claiming.ts";
import type { Try } from "./try.ts";

/** How long others leave a handed-over guest to the host named in it (section 4.4), before they look again. */
export const reservedMs = 5_000;

/** One voter's promises and refusals, for every guest of the ballot that still waits for them. */
export function onPrepareReply(claimant: Claiming, reply: PrepareReply, now: Now): void {
  const attempt = claimant.attempts.get(attemptKey(reply.ballot));
  if (attempt === undefined) return;
  for (const result of reply.results) {
    const t = attempt.tries.get(result.guest);
    if (t === undefined || t.phase !== "preparing") continue;
    if (result.rejectedBy !== undefined) {
      claimant.sawBallot(result.rejectedBy);
      onRejected(claimant, attempt, t, reply.voter, now);
      continue;
    }
    onPromise(claimant, attempt, t, reply, result, now);
  }
}

/** One voter said no. With too few left to say yes the try is over. */
export function onRejected(claimant: Claiming, attempt: Attempt, t: Try, voter: string, now: Now): void {
  const { length } = claimant.parts.membership.config.voters;
  if (!t.rejections.includes(voter)) t.rejections.push(voter);
  if (t.rejections.length > length - majority(length)) claimant.fail(attempt, t, "a higher ballot was promised", now);
}

function onPromise(
  claimant: Claiming,
  attempt: Attempt,
  t: Try,
  reply: PrepareReply,
  result: PrepareReply["results"][number],
  now: Now,
): void {
  const { rules, membership } = claimant.parts;
  t.promises.push(reply.voter);
  const { acceptedBallot, value } = result;
  if (acceptedBallot !== undefined && value !== undefined) {
    const owner = reply.owners.find((o) => o.host === value.owner && o.inc === value.inc);
    if (t.best === undefined || rules.isHigher(acceptedBallot, t.best.ballot))
      t.best = { ballot: acceptedBallot, value };
    if (owner !== undefined)
      t.owners.set(reply.voter, { host: owner.host, inc: owner.inc, fromMs: now.bootMs + owner.remainingMs });
  }
  if (rules.isQuorum(membership.voterIds, t.promises)) decide(claimant, attempt, t, now);
}

/** A majority promised: what does the highest accepted value allow? */
function decide(claimant: Claiming, attempt: Attempt, t: Try, now: Now): void {
  switch (t.intent.kind) {
    case "claim":
      decideClaim(claimant, attempt, t, t.intent.evenIfReserved, now);
      return;
    case "refresh":
      decideRefresh(claimant, attempt, t, now);
      return;
    case "release":
      decideRelease(claimant, attempt, t, t.intent, now);
      return;
  }
}

/** Free, or already (me, my inc): accept. Another owner: fence it at a majority first. */
function decideClaim(claimant: Claiming, attempt: Attempt, t: Try, evenIfReserved: boolean, now: Now): void {
  const { rules, self, holder } = claimant.parts;
  const current = t.best?.value;
  const reserved = current?.owner === null && current.next !== undefined && current.next !== self;
  if (reserved && !evenIfReserved) {
    claimant.finish(attempt, t, { kind: "elsewhere", value: current, retryAtMs: now.bootMs + reservedMs });
    return;
  }
  t.value = {
    owner: self,
    inc: holder.identity.inc,
    epoch: rules.nextEpoch(current?.epoch ?? 0),
    runId: claimant.newRunId(),
  };
  if (current === undefined || current.owner === null || !rules.needsFence(current, self, holder.identity.inc)) {
    accept(claimant, attempt, t, now);
    return;
  }
  fenceFirst(claimant, attempt, t, current.owner, current, now);
  return;
}

function fenceFirst(claimant: Claiming, attempt: Attempt, t: Try, owner: string, current: ClaimValue, now: Now): void {
  const { fences } = claimant;
  if (fences.isFenced(owner, current.inc)) {
    accept(claimant, attempt, t, now);
    return;
  }
  const { gathering } = claimant.parts;
  if (t.intent.kind === "claim" && t.intent.leavesMissing === true && gathering.awaits(owner, now)) {
    claimant.finish(attempt, t, { kind: "elsewhere", value: current, retryAtMs: gathering.endsMs });
    return;
  }
  if (!fences.isAsked(owner, current.inc)) {
    // This host's own past harms nobody: voters that lag may not know that incarnation, and would never call it late.
    const own = owner === claimant.parts.self && current.inc < claimant.parts.holder.identity.inc;
    const fromMs = own ? now.bootMs : fenceableFromMs(claimant, t, owner, current.inc);
    if (fromMs > now.bootMs) {
      const retryAtMs = Math.min(fromMs, now.bootMs + claimant.parts.membership.config.profile.fenceMs);
      claimant.finish(attempt, t, { kind: "elsewhere", value: current, retryAtMs });
      return;
    }
    fences.ask(owner, current.inc, now);
  }
  t.phase = "fencing";
}

/**
 * From when on a majority would fence the owner, by what came with the promises and by what came with renewals. Asking
 * first keeps a minority of voters from fencing a host that lives: such a host could never again count on them.
 */
function fenceableFromMs(claimant: Claiming, t: Try, host: string, inc: number): number {
  const { membership, holder } = claimant.parts;
  const named = [...t.owners.values()].filter((o) => o.host === host && o.inc === inc).map((o) => o.fromMs);
  const byPromises = reachedByMajority(membership.config.voters.length, named);
  return Math.min(byPromises, holder.late.fenceableFromMs(membership.voterIds, host, inc));
}

/** The claim must still be what it was; anything else means that it was lost. */
function decideRefresh(claimant: Claiming, attempt: Attempt, t: Try, now: Now): void {
  const { self, holder } = claimant.parts;
  const current = t.best?.value;
  if (current?.owner !== self || current.inc !== holder.identity.inc) {
    claimant.finish(attempt, t, { kind: "elsewhere", value: current, retryAtMs: now.bootMs });
    return;
  }
  t.value = current;
  accept(claimant, attempt, t, now);
}

/** Ours still: write "nobody" with the next epoch. Somebody else's or newer: there is nothing left to tell. */
function decideRelease(
  claimant: Claiming,
  attempt: Attempt,
  t: Try,
  intent: { readonly epoch: number; readonly next?: string },
  now: Now,
): void {
  const { rules, self } = claimant.parts;
  const current = t.best?.value;
  const told = current?.owner === null && current.epoch === rules.nextEpoch(intent.epoch);
  if (current !== undefined && !told && (current.owner !== self || current.epoch > intent.epoch)) {
    claimant.finish(attempt, t, { kind: "elsewhere", value: current, retryAtMs: now.bootMs });
    return;
  }
  const { next } = intent;
  t.value = told
    ? current
    : {
        owner: null,
        inc: 0,
        epoch: rules.nextEpoch(current?.epoch ?? intent.epoch),
        runId: "",
        ...(next === undefined ? {} : { next }),
      };
  accept(claimant, attempt, t, now);
}

/** The value may be written: with the next flush, in one message with the others of its ballot. */
export function accept(claimant: Claiming, attempt: Attempt, t: Try, now: Now): void {
  const { holder, rules, membership } = claimant.parts;
  if (t.intent.kind === "claim" && !rules.leaseSuffices(holder.remainingMs(now), membership.config)) {
    claimant.fail(attempt, t, "too little of the lease is left", now);
    return;
  }
  t.phase = "accepting";
  t.rejections.length = 0;
  attempt.readyToAccept(t.guest);
}
