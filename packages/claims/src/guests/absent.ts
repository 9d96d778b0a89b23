/** A promised guest that is off here and not this host's: whose turn is it to claim it, and when? (sections 4.4, 8) */
import { reservedMs } from "../claimant/on-prepare-reply.ts";
import { settleMs } from "../placement/gathering.ts";
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { mayClaim, staggerFor } from "./candidates.ts";
import { runsElsewhere } from "./copies.ts";
import { askRegisters, doubtDueMs, silenceDueMs } from "./doubt.ts";
import { freshTurn, type Turn } from "./fresh.ts";
import { type GuestParts, hasRoom } from "./parts.ts";
import { type GuestState, ownerOf, say } from "./state.ts";

/** How often it looks whether a copy that somebody runs without a claim is still heard of. */
const lookMs = 1_000;
/** How often it looks whether there is memory now. */
const memoryLookMs = 5_000;

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
    if (g.avoidUntilMs > now.bootMs) parts.wakeGuest(g, g.avoidUntilMs);
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
  const turn = turnOf(parts, g, promise, dueMs, now);
  if (turn === undefined) {
    say(g, "idle", "too little memory here");
    parts.wakeGuest(g, now.bootMs + memoryLookMs);
    return;
  }
  const atMs = Math.max(turn.atMs, g.nextTryMs);
  if (atMs > now.bootMs) {
    say(g, "idle", "nobody runs it; better placed hosts go first");
    parts.wakeGuest(g, Math.min(atMs, Math.max(turn.lookMs, g.nextTryMs)));
    return;
  }
  if (!hasRoom(parts.here)) {
    say(g, "idle", "nobody runs it; others that are being started here come first");
    parts.awaitRoom(g);
    return;
  }
  say(g, "claiming", "nobody runs it; the voters are being asked");
  if (silentMs !== undefined) g.silenceAskedMs = now.bootMs;
  const waited = now.bootMs >= g.knownSinceMs + reservedMs;
  parts.claimant.propose(g.guest, { kind: "claim", evenIfReserved: waited, leavesMissing: true }, ownerOf(g));
  parts.advertChanged(g);
}

/** When it is this host's turn, the guest being anybody's from `dueMs` on; undefined where it cannot have it. */
function turnOf(parts: GuestParts, g: GuestState, promise: PromisedGuest, dueMs: number, now: Now): Turn | undefined {
  if (isFresh(g)) return freshTurn(parts, g, promise, Math.max(dueMs, g.wantedSinceMs), now);
  const staggered = staggerFor(parts, g, promise, now);
  if (staggered === undefined) return undefined;
  const own = g.known?.owner === parts.self || g.known?.next === parts.self;
  const atMs = own ? dueMs : dueMs + staggered;
  return { atMs, lookMs: atMs };
}

/** Nobody has it, and nobody was named to get it. */
function isFresh({ known }: GuestState): boolean {
  return known === undefined || (known.owner === null && known.next === undefined);
}

/** From when on (boot-time) the guest is anybody's; infinity while its owner lives. */
export function claimDueMs(parts: GuestParts, g: GuestState): number {
  const { known } = g;
  const { self, holder, membership, here, claimant, gathering } = parts;
  if (known === undefined) return here.startedMs + settleMs;
  if (known.owner === self) return 0;
  // Seen fenced by a majority (`confirm-dead`): that holds, whatever voters in quarantine say of their own disks.
  if (known.owner !== null && claimant.fences.isFenced(known.owner, known.inc)) return 0;
  if (known.owner !== null) {
    const fenceableMs = holder.late.fenceableFromMs(membership.voterIds, known.owner, known.inc);
    return gathering.isMissing(known.owner) ? Math.max(fenceableMs, gathering.endsMs) : fenceableMs;
  }
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
