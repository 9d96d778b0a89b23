/** A promised guest that is off here and not this host's: whose turn is it to claim it, and when? (sections 4.4, 8) */
import { reservedMs } from "../claimant/on-prepare-reply.ts";
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { bidMs } from "./adoption.ts";
import { mayClaim, staggerFor } from "./candidates.ts";
import { runsElsewhere } from "./copies.ts";
import { askRegisters, doubtDueMs, silenceDueMs } from "./doubt.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, ownerOf, say } from "./state.ts";

/** After its start a host listens this long before it claims guests of which it knows nothing: a bid window and a round of gossip. */
const settleMs = bidMs + 1_000;
/** How often it looks whether a copy that somebody runs without a claim is still heard of. */
const lookMs = 1_000;

/** One look at such a guest: wait, claim, or tell the voters that a claim of this host is void. */
export function evaluateAbsent(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (!parts.here.observedOnce || parts.claimant.isTrying(g.guest)) return;
  if (isOrphan(parts, g, promise)) {
    tellOrphan(parts, g, now);
    return;
  }
  const knownDueMs = claimDueMs(parts, g);
  const silentMs = Number.isFinite(knownDueMs) ? undefined : silenceDueMs(parts, g);
  const dueMs = silentMs ?? knownDueMs;
  if (silentMs !== undefined && (silentMs > now.bootMs || !mayClaim(parts, g, promise, now))) {
    say(g, "idle", `owned by ${g.known?.owner ?? "nobody"}`);
    const doubtMs = doubtDueMs(parts, g);
    const lookMs = Math.min(doubtMs ?? Number.POSITIVE_INFINITY, silentMs > now.bootMs ? silentMs : now.bootMs + 1_000);
    if (doubtMs !== undefined && doubtMs <= now.bootMs) askRegisters(parts, g, now);
    else parts.wakeGuest(g, lookMs);
    return;
  }
  if (!mayClaim(parts, g, promise, now)) {
    say(g, "idle", whyNot(parts, g, promise, now.bootMs));
    return;
  }
  if (dueMs > now.bootMs) {
    say(g, "idle", whyLater(g));
    parts.wakeGuest(g, dueMs);
    return;
  }
  if (runsElsewhere(parts, g, now)) {
    say(g, "idle", "runs on another host that has not claimed it yet");
    parts.wakeGuest(g, now.bootMs + lookMs);
    return;
  }
  const staggered = staggerFor(parts, g, promise, now);
  if (staggered === undefined) {
    say(g, "idle", "too little memory here");
    return;
  }
  const own = g.known?.owner === parts.self || g.known?.next === parts.self;
  const atMs = Math.max(own ? dueMs : dueMs + staggered, g.nextTryMs);
  if (atMs > now.bootMs) {
    say(g, "idle", "nobody runs it; better placed hosts go first");
    parts.wakeGuest(g, atMs);
    return;
  }
  say(g, "claiming", "nobody runs it; the voters are being asked");
  if (silentMs !== undefined) g.silenceAskedMs = now.bootMs;
  const waited = now.bootMs >= g.knownSinceMs + reservedMs;
  parts.claimant.propose(g.guest, { kind: "claim", evenIfReserved: waited }, ownerOf(g));
  parts.here.load += 1;
  parts.advertChanged(g);
}

/** From when on (boot-time) the guest is anybody's; infinity while its owner lives. */
export function claimDueMs(parts: GuestParts, g: GuestState): number {
  const { known } = g;
  const { self, holder, membership, here, claimant } = parts;
  if (known === undefined) return here.startedMs + settleMs;
  if (known.owner === self) return 0;
  // Seen fenced by a majority (`confirm-dead`): that holds, whatever voters in quarantine say of their own disks.
  if (known.owner !== null && claimant.fences.isFenced(known.owner, known.inc)) return 0;
  if (known.owner !== null) return holder.late.fenceableFromMs(membership.voterIds, known.owner, known.inc);
  if (known.next === self) return 0;
  return known.next === undefined ? g.knownSinceMs : g.knownSinceMs + reservedMs;
}

/** The registers name this host, but it does not own the guest and may not have it: a claim cut short by a crash. */
function isOrphan(parts: GuestParts, g: GuestState, promise: PromisedGuest): boolean {
  if (g.known?.owner !== parts.self || g.released !== undefined) return false;
  return promise.wanted === "down" || !promise.eligible || parts.here.draining || !parts.here.hypervisor;
}

function tellOrphan(parts: GuestParts, g: GuestState, now: Now): void {
  if (!parts.holder.isLeased(now) || g.known === undefined) return;
  g.released = { inc: g.known.inc, epoch: g.known.epoch };
  parts.outbox.persist({ kind: "released", guest: g.guest, value: g.released });
  parts.wakeGuest(g, now.bootMs);
}

/** Somebody's turn comes first. */
function whyLater(g: GuestState): string {
  if (g.known === undefined) return "nothing is known of it yet";
  if (g.known.owner !== null) return `its owner ${g.known.owner} is late`;
  return `left to ${g.known.next ?? "others"} for a moment`;
}

function whyNot(parts: GuestParts, g: GuestState, promise: PromisedGuest, nowMs: number): string {
  if (promise.wanted === "down") return "policy wants it down";
  if (!promise.classMatch) return `${promise.placementKey} does not hold here`;
  if (!promise.eligible) return "hypervisor or image is missing here";
  if (parts.here.draining) return "this host is being drained";
  if (!parts.here.hypervisorUp) return "the hypervisor does not answer";
  if (g.avoidUntilMs > nowMs) return "given up here; left to others for a while";
  return "this host has too little of a lease, or its dead-man is silent";
}
