/** A guest that this host owns under its present incarnation: keep it as policy wants it, or let it go in order. */
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { begin, failuresBeforeAlarm, force, isFree } from "./acts.ts";
import { bestOther } from "./candidates.ts";
import { isolate } from "./isolation.ts";
import { deadManAlive, type GuestParts } from "./parts.ts";
import { type GuestState, isActive, say } from "./state.ts";
import { type Leaving, stop } from "./stopping.ts";

/** Owners repeat their claims this often, to repair lagging voters (section 4.8). */
export const refreshMs = 60_000;
/** A guest whose class holds here no longer goes as soon as somebody else can have it. */
const unwantedLookMs = 500;
/** After this many failed starts another host is given the chance. */
const startFailuresMax = 3;
/** How long a host that could not start a guest stays away from it. */
const avoidMs = 60_000;

/** One look at an owned guest: isolate, let go, start, resume, or leave alone. */
export function evaluateOwned(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (parts.rules.mustSuspend(isEntitled(parts, promise, now))) {
    isolate(parts, g, promise, now);
    return;
  }
  g.isolatedSinceMs = undefined;
  const leaving = reasonToLeave(parts, g, promise, now);
  if (leaving !== undefined) {
    stop(parts, g, leaving, now);
    return;
  }
  g.stoppingSinceMs = undefined;
  refresh(parts, g, now);
  if (!parts.here.observedOnce || !isFree(parts, g, now)) return;
  if (g.staleCopy && isActive(g)) {
    say(g, "starting", "an old copy was found; it goes first");
    force(parts, g, "destroy", "somebody else ran the guest since this copy was paused", now);
    return;
  }
  g.staleCopy = false;
  if (!isActive(g)) {
    start(parts, g, now);
    return;
  }
  if (promise.wanted === "suspended") {
    keepSuspended(parts, g, now);
    return;
  }
  if (g.observed?.state === "running") {
    say(g, "running", "owned and running here");
    if (!promise.eligible) parts.wakeGuest(g, now.bootMs + unwantedLookMs);
    return;
  }
  resume(parts, g, promise, now);
}

/** The lease, or in gossip mode with `run` nothing but the own decision. */
export function isEntitled(parts: GuestParts, promise: PromisedGuest, now: Now): boolean {
  return parts.holder.isLeased(now) || (promise.mode === "gossip" && promise.onIsolated.kind === "run");
}

/** Why the guest should go, with the host it should go to; undefined when it stays. */
function reasonToLeave(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): Leaving | undefined {
  if (promise.wanted === "down") return { why: "policy wants it down", next: undefined };
  if (g.release !== undefined)
    return { why: "its release was asked for", next: g.release.to ?? bestOther(parts, g, promise, now) };
  if (g.promise === undefined)
    return isActive(g) ? undefined : { why: "policy no longer promises it and it is off", next: undefined };
  const cannotStart = g.startFailures >= startFailuresMax && !isActive(g);
  // Whether somebody else could have it costs a look at every host: not for a guest that is well where it is.
  if (!parts.here.draining && !cannotStart && promise.eligible) return undefined;
  const next = bestOther(parts, g, promise, now);
  if (parts.here.draining) return { why: "this host is being drained", next };
  if (cannotStart && next !== undefined) {
    g.avoidUntilMs = now.bootMs + avoidMs;
    g.startFailures = 0;
    g.release = { to: next };
    return { why: "it cannot be started here", next };
  }
  // A class that holds nowhere else moves nothing: better on the wrong host than on none.
  if (!promise.eligible && next !== undefined) return { why: "its class no longer holds here", next };
  return undefined;
}

function refresh(parts: GuestParts, g: GuestState, now: Now): void {
  if (ruledByGossip(g)) return;
  if (g.nextRefreshMs <= now.bootMs) {
    g.nextRefreshMs = now.bootMs + refreshMs;
    parts.claimant.propose(g.guest, { kind: "refresh" });
  }
  parts.wakeGuest(g, g.nextRefreshMs);
}

function ruledByGossip(g: GuestState): boolean {
  return (g.promise ?? g.lastPromise)?.mode === "gossip";
}

/** Section 4.3: start paused. The dead-man's list names it in the same batch, before the act. */
function start(parts: GuestParts, g: GuestState, now: Now): void {
  const { here } = parts;
  if (!here.hypervisorUp || !deadManAlive(here, now)) {
    parts.wakeGuest(g, now.bootMs + 500);
    say(g, "starting", here.hypervisorUp ? "waits for the dead-man" : "waits for the hypervisor");
    return;
  }
  if (g.startFailures > 0) {
    const againMs = g.actSinceMs + Math.min(30_000, 500 * 2 ** g.startFailures);
    if (now.bootMs < againMs) {
      parts.wakeGuest(g, againMs);
      return;
    }
  }
  say(g, "starting", "claimed; starts paused");
  begin(parts, g, { kind: "start-paused", why: "claimed by this host" }, now);
}

/** Section 4.3: check lease and claim again, then resume. A process that the dead-man does not know is not resumed. */
function resume(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  const leased = isEntitled(parts, promise, now);
  const owned = g.owned?.by === "gossip" || g.owned?.inc === parts.holder.identity.inc;
  const alive = deadManAlive(parts.here, now);
  if (!parts.rules.mayResume({ leased, owned, deadManAlive: alive })) {
    parts.wakeGuest(g, now.bootMs + 500);
    say(g, "isolated", alive ? "paused: no lease" : "paused: the dead-man is silent");
    return;
  }
  const stuck = g.failures >= failuresBeforeAlarm;
  say(g, "starting", stuck ? "its process does not answer; resumed again" : "claim and lease are this host's; resumes");
  begin(parts, g, { kind: "resume", why: "claim and lease hold" }, now);
}

function keepSuspended(parts: GuestParts, g: GuestState, now: Now): void {
  if (g.observed?.state === "running") force(parts, g, "suspend", "policy wants it suspended", now);
  say(g, "suspended", "policy wants it suspended");
}
