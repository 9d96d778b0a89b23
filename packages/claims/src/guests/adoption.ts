/**
 * Adoption (section 8): a guest that ran before Berth knew of it is claimed *before* it is touched. Installing an agent
 * never pauses production.
 *
 * What tells it from a guest that somebody started by hand on the wrong host: policy promises it for the first time ever
 * on this host. The names that were promised before are durable, and so is an adoption that has begun.
 */
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { mayAdopt } from "./candidates.ts";
import { copiesOf } from "./copies.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, ownerOf, say } from "./state.ts";
import { survivor } from "./survivor-order.ts";

/** Bid window: how long a host listens for other copies before it claims one that it found running. */
export const bidMs = 3_000;
/** How often the claim is tried while it cannot be had, for lack of a majority for instance. */
const tryAgainMs = 1_000;

/** Begins, durably. */
export function beginAdoption(parts: GuestParts, g: GuestState, now: Now): void {
  g.adopting = { untilMs: now.bootMs + bidMs };
  parts.outbox.persist({ kind: "adopting", guest: g.guest, value: true });
  parts.feedChanged();
}

/** Ends it, claimed or not. */
export function endAdoption(parts: GuestParts, g: GuestState): void {
  if (g.adopting === undefined) return;
  g.adopting = undefined;
  parts.outbox.persist({ kind: "adopting", guest: g.guest, value: null });
  parts.feedChanged();
}

/** Waits out the bid window, yields to an older copy, claims. False when it yielded: the copy is nobody's then. */
export function adopt(parts: GuestParts, g: GuestState, promise: PromisedGuest, untilMs: number, now: Now): boolean {
  const stays = survivor(g.guest, promise.keep, copiesOf(parts, g, promise, now));
  if (stays !== undefined && stays.host !== parts.self) {
    endAdoption(parts, g);
    const text = `${g.guest} also runs on ${stays.host}, which keeps it`;
    parts.outbox.note({ level: "alarm", code: "DUPLICATE_YIELDS", guest: g.guest, text });
    return false;
  }
  say(g, "adopting", "found running; claimed before it is touched");
  const atMs = Math.max(untilMs, g.nextTryMs);
  if (now.bootMs >= atMs) {
    if (mayAdopt(parts, now)) parts.claimant.propose(g.guest, { kind: "claim", evenIfReserved: true }, ownerOf(g));
    g.nextTryMs = now.bootMs + tryAgainMs;
  }
  parts.wakeGuest(g, Math.max(atMs, g.nextTryMs));
  return true;
}
