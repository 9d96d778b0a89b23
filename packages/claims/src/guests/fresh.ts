/**
 * Whose turn it is to take a guest that nobody has: never claimed, or given up for good.
 *
 * Nobody misses such a guest yet, so it can be left for a moment to the host that should have it: the best placed one claims
 * at once, also where it has yet to turn up (see `placement/gathering.ts`), the others wait until everybody had the
 * time to come, then their rank. Shares are kept closer than at a failover: a host that has its share already leaves the
 * guest for a while to those that have not, for their policy may merely come later than its own.
 */

import { type Candidate, isFull, placementOrder, staggerMs } from "../placement/placement.ts";
import type { Now } from "../time.ts";
import type { HostId, PromisedGuest } from "../words.ts";
import { candidatesFor } from "./candidates.ts";
import type { GuestParts } from "./parts.ts";
import type { GuestState } from "./state.ts";

/** Nobody takes more than its share, rounded up, while others have less. */
const freshLoadFactor = 1;
/** How long a host that has its share leaves a guest to those that have not. @default 5 s, as long as a hand-over waits for its heir */
const patienceMs = 5_000;
/** Who is best placed changes with every claim that is heard of: a guest that waits is looked at again this often. */
const lookMs = staggerMs;

/** When this host may claim the guest, and when to look again; undefined where it cannot have it. Boot-time. */
export interface Turn {
  readonly atMs: number;
  readonly lookMs: number;
}

/** This host's turn at a guest that nobody has had since `sinceMs`. */
export function freshTurn(
  parts: GuestParts,
  g: GuestState,
  promise: PromisedGuest,
  sinceMs: number,
  now: Now,
): Turn | undefined {
  const { self, here } = parts;
  const placed = { guest: g.guest, memoryKib: promise.memoryKib, guestsTotal: here.wanted };
  const present = candidatesFor(parts, promise, now);
  const rank = placementOrder(placed, present, freshLoadFactor).indexOf(self);
  if (rank < 0) return undefined;
  if (g.wished) return { atMs: sinceMs, lookMs: sinceMs };
  const all = [...present, ...missing(parts, promise, now)];
  const isFirst = (factor: number) => placementOrder(placed, all, factor)[0] === self;
  // Who comes first only because others have their share waits a moment: this guest may be what fills them.
  if (isFirst(Number.POSITIVE_INFINITY) && isFirst(freshLoadFactor)) return { atMs: sinceMs, lookMs: sinceMs };
  const fullest = (c: Candidate) => isFull(c, present, here.wanted, freshLoadFactor);
  const yields = present.some((c) => c.host === self && fullest(c)) && present.some((c) => !fullest(c));
  const readyMs = othersReadyMs(parts, promise);
  const atMs = Math.max(sinceMs, readyMs) + Math.max(1, rank) * staggerMs + (yields ? patienceMs : 0);
  return { atMs, lookMs: Math.min(atMs, now.bootMs + lookMs) };
}

/** Members that may still turn up and may then have the guest: taken to be like this host until they say otherwise. */
function missing(parts: GuestParts, promise: PromisedGuest, now: Now): readonly Candidate[] {
  const { gathering, gossip, here } = parts;
  const found: Candidate[] = [];
  for (const { host } of gathering.others) {
    if (!gathering.awaits(host, now) || !mayMatch(parts, host, promise)) continue;
    const said = gossip.store.hosts.get(host);
    const weight = said?.weight ?? here.weight;
    const memoryFreeKib = said?.memoryFreeKib ?? Number.MAX_SAFE_INTEGER;
    found.push({ host, weight, load: said?.load ?? 0, memoryFreeKib });
  }
  return found;
}

/** When everybody who might have the guest has turned up and settled, or had the time to. */
function othersReadyMs({ gathering, ...parts }: GuestParts, promise: PromisedGuest): number {
  let readyMs = 0;
  for (const { host } of gathering.others) {
    if (!mayMatch({ gathering, ...parts }, host, promise)) continue;
    const itsMs = gathering.readyMs(host);
    if (itsMs !== undefined) readyMs = Math.max(readyMs, itsMs);
    else if (gathering.isMissing(host)) return gathering.endsMs;
  }
  return Math.min(readyMs, gathering.endsMs);
}

/**
 * Whether another member may have the guest, as far as can be known. It says so itself once it is heard. Before, the key may be
 * the name of a host; and where those that were heard say what they match, and none of them matches this, the class is
 * taken for this host's own.
 */
function mayMatch({ gathering, gossip, self }: GuestParts, host: HostId, { placementKey }: PromisedGuest): boolean {
  const said = gossip.store.hosts.get(host);
  if (said !== undefined) return said.hypervisor && !said.draining && said.matches.includes(placementKey);
  const named = gathering.namedBy(placementKey);
  if (named !== undefined) return named.has(host);
  let heard = 0;
  for (const [other, { matches }] of gossip.store.hosts) {
    if (other === self || matches.length === 0) continue;
    if (matches.includes(placementKey)) return true;
    heard += 1;
  }
  return heard === 0;
}
