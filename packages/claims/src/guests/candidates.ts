/** Who else could take a guest, as far as gossip and the voters' late lists tell. A hint for waiting, never a permission. */
import { type Candidate, placementOrder, staggerMs } from "../placement/placement.ts";
import type { Now } from "../time.ts";
import type { HostId, PromisedGuest } from "../words.ts";
import { deadManAlive, type GuestParts, memoryLeftKib } from "./parts.ts";
import type { GuestState } from "./state.ts";

/** Eligible (section 8): class, hypervisor and image by the placement key, memory by the placement order; alive and not draining. */
export function candidatesFor(parts: GuestParts, promise: PromisedGuest, now: Now): readonly Candidate[] {
  const { self, gossip, gathering, holder, membership, here } = parts;
  const found: Candidate[] = [];
  for (const [host, advert] of gossip.store.hosts) {
    if (host === self || !gathering.isMember(host) || !advert.hypervisor || advert.draining || !advert.leased) continue;
    if (!advert.matches.includes(promise.placementKey)) continue;
    if (holder.late.fenceableFromMs(membership.voterIds, host, advert.inc) <= now.bootMs) continue;
    const { weight, load, memoryFreeKib } = advert;
    found.push({ host, weight, load, memoryFreeKib });
  }
  if (promise.eligible && here.hypervisor && here.hypervisorUp && !here.draining)
    found.push({ host: self, weight: here.weight, load: here.load, memoryFreeKib: memoryLeftKib(here) });
  return found;
}

/** Eligible hosts in the order in which they should try; a dead owner is not among them. */
export function orderFor(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): readonly HostId[] {
  const placed = { guest: g.guest, memoryKib: promise.memoryKib, guestsTotal: parts.here.wanted };
  return placementOrder(placed, candidatesFor(parts, promise, now));
}

/** How long this host leaves the guest to better placed ones; undefined when it cannot take it. Milliseconds. */
export function staggerFor(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): number | undefined {
  if (g.wished) return 0;
  const rank = orderFor(parts, g, promise, now).indexOf(parts.self);
  return rank < 0 ? undefined : rank * staggerMs;
}

/** The best host but this one; undefined when nobody else could. */
export function bestOther(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): HostId | undefined {
  return orderFor(parts, g, promise, now).find((host) => host !== parts.self);
}

/** Whether a guest found running may be claimed where it is, whatever its class: it must not be touched before. */
export function mayAdopt(parts: GuestParts, now: Now): boolean {
  const { here, holder, rules, membership } = parts;
  if (!here.hypervisorUp || !deadManAlive(here, now) || here.clearing) return false;
  return rules.leaseSuffices(holder.remainingMs(now), membership.config);
}

/** Whether this host may claim anything now: hypervisor, dead-man, enough lease, and not sent away. */
export function mayClaim(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): boolean {
  const { here } = parts;
  if (promise.wanted === "down" || !promise.eligible || here.draining || !here.hypervisor) return false;
  return g.avoidUntilMs <= now.bootMs && mayAdopt(parts, now);
}
