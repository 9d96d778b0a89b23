/**
 * Gossip mode (section 1): always one executing where a matching host lives. No votes: whoever hears of no copy waits its
 * rank, says that it claims, listens for a better bid and starts. During a partition each side may run a copy, which
 * status says plainly; after the heal every host sorts the copies it hears of in the same order and all but the first go.
 */
import type { OwnedClaim } from "../records.ts";
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { force } from "./acts.ts";
import { endAdoption } from "./adoption.ts";
import { staggerFor } from "./candidates.ts";
import { isFresh } from "./copies.ts";
import { evaluateOwned } from "./owned.ts";
import { deadManAlive, type GuestParts } from "./parts.ts";
import { type GuestState, isActive, say } from "./state.ts";
import { tell } from "./stopping.ts";
import { type Copy, survivor } from "./survivor-order.ts";

/** How long a claim is told before it is acted on, for a better bid to arrive. */
const bidMs = 500;
/** How often the absence of a better copy is checked again. */
const lookMs = 1_000;

/** One look at a guest in gossip mode. */
export function evaluateGossipMode(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (g.released !== undefined) {
    tell(parts, g, now);
    return;
  }
  const others = otherCopies(parts, g, now);
  if (g.owned === undefined && !isActive(g)) {
    evaluateAbsence(parts, g, promise, others, now);
    return;
  }
  const stays = survivor(g.guest, promise.keep, [...others, ownCopy(parts, g, promise)]);
  if (stays !== undefined && stays.host !== parts.self) {
    yieldTo(parts, g, stays.host, now);
    return;
  }
  if (isPassedBy(parts, g)) {
    yieldTo(parts, g, g.known?.owner ?? "", now);
    return;
  }
  if (g.adopting !== undefined && now.bootMs < g.adopting.untilMs) {
    parts.wakeGuest(g, g.adopting.untilMs);
    return;
  }
  if (g.owned === undefined) claim(parts, g, now);
  parts.wakeGuest(g, now.bootMs + lookMs);
  if (!isActive(g) && now.bootMs < g.nextTryMs) {
    say(g, "claiming", "claimed by gossip; waits for a better bid");
    parts.wakeGuest(g, g.nextTryMs);
    return;
  }
  evaluateOwned(parts, g, promise, now);
}

function evaluateAbsence(
  parts: GuestParts,
  g: GuestState,
  promise: PromisedGuest,
  others: readonly Copy[],
  now: Now,
): void {
  const { here } = parts;
  const best = survivor(g.guest, promise.keep, others);
  if (best !== undefined || promise.wanted === "down" || !promise.eligible || here.draining || !here.hypervisor) {
    g.knownSinceMs = now.bootMs;
    say(g, "idle", best === undefined ? "not for this host" : `runs on ${best.host}`);
    parts.wakeGuest(g, now.bootMs + lookMs);
    return;
  }
  const staggered = staggerFor(parts, g, promise, now);
  if (staggered === undefined || !here.hypervisorUp || !deadManAlive(here, now) || g.avoidUntilMs > now.bootMs) {
    parts.wakeGuest(g, now.bootMs + lookMs);
    return;
  }
  const reserved = g.known?.owner === null && g.known.next !== undefined && g.known.next !== parts.self;
  const sinceMs = Math.max(g.knownSinceMs, here.startedMs + lookMs) + (reserved ? 5_000 : 0);
  const atMs = g.known?.next === parts.self ? now.bootMs : sinceMs + staggered;
  if (atMs > now.bootMs) {
    parts.wakeGuest(g, atMs);
    return;
  }
  claim(parts, g, now);
  g.nextTryMs = now.bootMs + bidMs;
  say(g, "claiming", "nobody is heard to run it; claimed by gossip");
  parts.wakeGuest(g, g.nextTryMs);
}

/** A paused copy past which somebody else ran the guest: its memory is old, and it must not be resumed on newer disks. */
function isPassedBy(parts: GuestParts, g: GuestState): boolean {
  if (g.owned === undefined || g.observed?.state !== "paused" || !g.hasRun || g.known === undefined) return false;
  return g.known.epoch > g.owned.epoch && g.known.owner !== parts.self;
}

/** Claims by saying so. Durable like any claim, so that a restarted agent knows that the copy is its own. */
function claim(parts: GuestParts, g: GuestState, now: Now): void {
  let epoch = g.known?.epoch ?? 0;
  for (const advert of parts.gossip.store.guest(g.guest).values()) epoch = Math.max(epoch, advert.epoch);
  const { inc } = parts.holder.identity;
  const value: OwnedClaim = {
    inc,
    epoch: parts.rules.nextEpoch(epoch),
    runId: parts.claimant.newRunId(),
    by: "gossip",
  };
  g.owned = value;
  g.known = { owner: parts.self, inc, epoch: value.epoch, runId: value.runId };
  g.knownSinceMs = now.bootMs;
  endAdoption(parts, g);
  g.wished = false;
  parts.outbox.persist({ kind: "owned", guest: g.guest, value });
  parts.feedChanged();
  parts.advertChanged(g);
}

/** Losers are suspended first, then taken down, then forgotten. */
function yieldTo(parts: GuestParts, g: GuestState, host: string, now: Now): void {
  say(g, "losing", `the copy on ${host} stays`);
  endAdoption(parts, g);
  if (g.observed?.state === "running") {
    force(parts, g, "suspend", `the copy on ${host} stays`, now);
    return;
  }
  if (isActive(g)) {
    force(parts, g, "destroy", `the copy on ${host} stays`, now);
    return;
  }
  if (g.act !== undefined) return;
  if (g.owned !== undefined) parts.outbox.persist({ kind: "owned", guest: g.guest, value: null });
  g.owned = undefined;
  g.known = undefined;
  g.knownSinceMs = now.bootMs;
  parts.feedChanged();
  parts.advertChanged(g);
}

/** A copy that only claims, or is paused, counts as not started: a running one is never given up for it. */
function otherCopies(parts: GuestParts, g: GuestState, now: Now): readonly Copy[] {
  const copies: Copy[] = [];
  for (const [host, advert] of parts.gossip.store.guest(g.guest)) {
    if (host === parts.self || (advert.owner !== host && advert.state !== "running")) continue;
    if (!isFresh(parts, host, now)) continue;
    const startedAtMs = advert.state === "running" ? advert.startedAtMs : Number.POSITIVE_INFINITY;
    copies.push({ host, holdsClaim: false, classMatch: advert.classMatch, startedAtMs, epoch: advert.epoch });
  }
  return copies;
}

function ownCopy(parts: GuestParts, g: GuestState, promise: PromisedGuest): Copy {
  const running = g.observed?.state === "running";
  return {
    host: parts.self,
    holdsClaim: false,
    classMatch: promise.classMatch,
    startedAtMs: running ? (g.observed?.startedAtMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    epoch: g.owned?.epoch ?? 0,
  };
}
