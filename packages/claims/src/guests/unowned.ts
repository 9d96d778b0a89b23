/**
 * A promised guest that runs (or is paused) here although this host does not own it.
 *
 * Two cases look alike and must not be treated alike. Found running at start-up with nobody's claim on it: production from
 * before Berth, so it is claimed before it is touched (section 8). Otherwise somebody started it by hand, or the claim
 * was lost: suspended at once; destroyed only when the registers themselves name another owner.
 */
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { force } from "./acts.ts";
import { mayAdopt, mayClaim } from "./candidates.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, say } from "./state.ts";
import { type Copy, survivor } from "./survivor-order.ts";

/** Bid window: how long a host listens for other copies before it claims one that it found running. */
export const bidMs = 3_000;
/** How often the registers are asked about a copy that nobody owns and this host cannot. */
const askAgainMs = 5_000;

export function evaluateUnowned(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (g.adopting !== undefined) {
    adopt(parts, g, promise, g.adopting.untilMs, now);
    return;
  }
  if (g.observed?.state === "running") force(parts, g, "suspend", "this host does not own it", now);
  if (g.lostTo !== undefined) {
    say(g, "losing", `its claim is with ${g.lostTo}`);
    if (g.observed?.state !== "running") force(parts, g, "destroy", `its claim is with ${g.lostTo}`, now);
    return;
  }
  say(g, "suspended", "running here without a claim; the voters are being asked");
  ask(parts, g, promise, now);
}

/** Claims the copy where this host may have it, else only asks whose it is. */
function ask(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (g.nextTryMs > now.bootMs) {
    parts.wakeGuest(g, g.nextTryMs);
    return;
  }
  if (!parts.holder.isLeased(now)) {
    parts.wakeGuest(g, now.bootMs + askAgainMs);
    return;
  }
  if (mayClaim(parts, g, promise, now))
    parts.claimant.propose(g.guest, { kind: "claim", evenIfReserved: false }, ownerOf(g));
  else parts.claimant.propose(g.guest, { kind: "refresh" });
  g.nextTryMs = now.bootMs + askAgainMs;
  parts.wakeGuest(g, g.nextTryMs);
}

/** Who is believed to own the guest, when that is somebody. */
export function ownerOf(g: GuestState) {
  return g.known === undefined || g.known.owner === null ? undefined : { host: g.known.owner, inc: g.known.inc };
}

/** Section 8: claimed before it is touched; the younger copy yields to the older. Installing an agent pauses nothing. */
function adopt(parts: GuestParts, g: GuestState, promise: PromisedGuest, untilMs: number, now: Now): void {
  const stays = survivor(g.guest, promise.keep, copiesOf(parts, g, promise, now));
  if (stays !== undefined && stays.host !== parts.self) {
    g.adopting = undefined;
    parts.outbox.note({
      level: "alarm",
      code: "DUPLICATE_YIELDS",
      guest: g.guest,
      text: `also runs on ${stays.host}, which keeps it`,
    });
    parts.feedChanged();
    evaluateUnowned(parts, g, promise, now);
    return;
  }
  say(g, "adopting", "found running; claimed before it is touched");
  if (now.bootMs < untilMs) {
    parts.wakeGuest(g, untilMs);
    return;
  }
  if (g.nextTryMs > now.bootMs) {
    parts.wakeGuest(g, g.nextTryMs);
    return;
  }
  if (mayAdopt(parts, now)) parts.claimant.propose(g.guest, { kind: "claim", evenIfReserved: true }, ownerOf(g));
  g.nextTryMs = now.bootMs + 1_000;
  parts.wakeGuest(g, g.nextTryMs);
}

/** Copies that are heard to run, this host's own included. */
export function copiesOf(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): readonly Copy[] {
  const copies: Copy[] = [];
  for (const [host, advert] of parts.gossip.store.guest(g.guest)) {
    if (host === parts.self || advert.state !== "running" || !isFresh(parts, host, now)) continue;
    const { classMatch, startedAtMs, epoch } = advert;
    copies.push({
      host,
      holdsClaim: advert.mode === "quorum" && advert.owner === host,
      classMatch,
      startedAtMs,
      epoch,
    });
  }
  const { classMatch } = promise;
  copies.push({
    host: parts.self,
    holdsClaim: promise.mode === "quorum" && g.owned !== undefined,
    classMatch,
    startedAtMs: g.observed?.startedAtMs ?? Number.POSITIVE_INFINITY,
    epoch: g.owned?.epoch ?? g.known?.epoch ?? 0,
  });
  return copies;
}

/** Heard recently enough to be believed: three refreshes, and never less than D_A. */
export function isFresh(parts: GuestParts, host: string, now: Now): boolean {
  const { gossip, rules, membership } = parts;
  const heardMs = gossip.heardMs(host);
  const limitMs = Math.max(rules.grantMs(membership.config.profile), 3 * gossip.refreshMs);
  return heardMs !== undefined && now.bootMs - heardMs < limitMs;
}
