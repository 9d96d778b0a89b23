/** What this host gossips of its guests and itself, and what it takes from others' gossip (section 8). */
import type { GossipEntry, GuestAdvert, HostAdvert } from "../messages.ts";
import type { Now } from "../time.ts";
import type { ClaimValue, HostId } from "../words.ts";
import { isFresh } from "./copies.ts";
import { type GuestParts, memoryLeftKib } from "./parts.ts";
import { type GuestState, isActive, ruling } from "./state.ts";

/** Free memory is told in steps of 64 MiB, so that it is not news all the time. */
const memoryStepKib = 65_536;

/** The advert of one guest: what it owns, runs (promised or not) or has just released; null when there is nothing to say. */
export function guestAdvert(parts: GuestParts, g: GuestState): GuestAdvert | null {
  const claim = claimToTell(parts, g);
  if (claim === undefined && !isActive(g)) return null;
  const promise = ruling(g);
  const advert: GuestAdvert = {
    kind: "guest",
    guest: g.guest,
    uuid: g.observed?.uuid ?? promise?.uuid ?? "",
    promised: promise !== undefined,
    mode: promise?.mode ?? "quorum",
    owner: claim?.owner ?? null,
    inc: claim?.inc ?? 0,
    epoch: claim?.epoch ?? 0,
    runId: claim?.runId ?? "",
    startedAtMs: g.observed?.startedAtMs ?? 0,
    state: g.observed?.state ?? "off",
    classMatch: promise?.classMatch ?? false,
  };
  return claim?.next === undefined ? advert : { ...advert, next: claim.next };
}

/** Its own claim; a release until somebody takes it; or somebody's claim that its owner seems not to know of. */
function claimToTell(parts: GuestParts, g: GuestState): ClaimValue | undefined {
  if (g.owned !== undefined) {
    const { inc, epoch, runId } = g.owned;
    return { owner: parts.self, inc, epoch, runId };
  }
  const { known } = g;
  if (known === undefined) return undefined;
  if (known.owner === null) return known;
  if (known.owner === parts.self) return undefined;
  const told = parts.gossip.store.guest(g.guest).get(known.owner);
  return told === undefined || told.owner !== known.owner ? known : undefined;
}

/** The host's own advert. */
export function hostAdvert(parts: GuestParts, now: Now): HostAdvert {
  const { here, holder } = parts;
  return {
    kind: "host",
    inc: holder.identity.inc,
    weight: here.weight,
    memoryFreeKib: Math.floor(memoryLeftKib(here) / memoryStepKib) * memoryStepKib,
    load: here.load,
    draining: here.draining,
    hypervisor: here.hypervisor && here.hypervisorUp,
    matches: here.matches,
    leased: holder.isLeased(now),
  };
}

/** Others' word about a promised guest: a newer epoch replaces what was known. True when it did. */
export function learnFromGossip(parts: GuestParts, g: GuestState, entry: GossipEntry, now: Now): boolean {
  const { body, origin } = entry;
  if (body?.kind !== "guest" || body.epoch === 0) return false;
  if (body.owner !== null && body.owner !== origin && body.owner !== parts.self) return false;
  if (g.known !== undefined && g.known.epoch >= body.epoch) return false;
  if (g.owned !== undefined && g.owned.epoch >= body.epoch) return false;
  const { owner, inc, epoch, runId, next } = body;
  g.known = { owner, inc, epoch, runId, ...(next === undefined ? {} : { next }) };
  g.knownSinceMs = now.bootMs;
  if (owner !== null && g.released !== undefined && g.released.epoch < epoch && owner !== parts.self) g.nextTryMs = 0;
  return true;
}

/** Hosts that are heard to run one UUID, this one included, in name order. */
export function hostsRunning(parts: GuestParts, uuid: string, now: Now): readonly string[] {
  const running = parts.gossip.store.uuid(uuid).filter(({ advert }) => advert.state === "running");
  const heard = running.filter(
    ({ origin, advert }) =>
      origin === parts.self || (isFresh(parts, origin, now) && !isOutlived(parts, origin, advert)),
  );
  return [...new Set(heard.map(({ origin }) => origin))].sort();
}

/**
 * The last word of a host from before its claim went to somebody else: it says what ran under a claim that is over. Once the host is
 * heard again it counts again, for then it speaks of now.
 */
function isOutlived({ all, gossip }: GuestParts, origin: HostId, advert: GuestAdvert): boolean {
  const g = all.get(advert.guest);
  if (g?.known === undefined || advert.owner !== origin || advert.mode !== "quorum") return false;
  const passed = g.known.epoch > advert.epoch && g.known.owner !== origin;
  return passed && (gossip.heardMs(origin) ?? 0) <= g.knownSinceMs;
}
