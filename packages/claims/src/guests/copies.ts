/** The copies of a guest that are heard of, and how fresh that knowledge is. */
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import type { GuestParts } from "./parts.ts";
import type { GuestState } from "./state.ts";
import { guestKey } from "./state.ts";
import type { Copy } from "./survivor-order.ts";

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
  return isRecent(parts, parts.gossip.heardMs(host), now);
}

function isRecent({ gossip, rules, membership }: GuestParts, heardMs: number | undefined, now: Now): boolean {
  const limitMs = Math.max(rules.grantMs(membership.config.profile), 3 * gossip.refreshMs);
  return heardMs !== undefined && now.bootMs - heardMs < limitMs;
}

/**
 * Somebody is heard to run it without a claim: a copy that is being adopted, which nobody may duplicate. What has just come counts
 * too, also where its host has not spoken of itself since: after a heal this may be the first word.
 */
export function runsElsewhere(parts: GuestParts, g: GuestState, now: Now): boolean {
  for (const [host, advert] of parts.gossip.store.guest(g.guest)) {
    if (host === parts.self || advert.state !== "running" || advert.owner !== null) continue;
    const saidMs = parts.gossip.arrivedMs(host, guestKey(g.guest));
    if (isFresh(parts, host, now) || isRecent(parts, saidMs, now)) return true;
  }
  return false;
}
