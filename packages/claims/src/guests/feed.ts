/** The dead-man's list: what must stop when the lease runs out (section 5). */
import type { DeadManFeed, FeedGuest } from "../ready.ts";
import type { Deadline } from "../time.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive, ruling } from "./state.ts";

/** Long passed on both clocks: what stands in the file while there is no lease. */
export const passedDeadline: Deadline = { bootMs: 0, monoMs: 0 };

/** The whole file as it should stand. `earlier` is the file of this boot's last life, for processes not yet seen again. */
export function buildFeed(parts: GuestParts, bootId: string, earlier: DeadManFeed | undefined): DeadManFeed {
  const { killMs, stopMs, pollMs } = parts.membership.config.profile;
  const guests: FeedGuest[] = [];
  for (const g of parts.all.values()) {
    if (!isProtected(g)) continue;
    guests.push(feedGuest(parts, g, earlier));
  }
  return { bootId, deadline: parts.holder.validUntil ?? passedDeadline, killMs, stopMs, pollMs, guests };
}

/**
 * Owned guests, and promised ones that have a process here; not those that are being adopted (they may only be touched
 * once they are claimed), and not those whose policy is to run on in isolation.
 */
export function isProtected(g: GuestState): boolean {
  const promise = ruling(g);
  if (promise === undefined || promise.onIsolated.kind === "run") return false;
  return g.owned !== undefined || (isActive(g) && g.adopting === undefined && promise.mode === "quorum");
}

function feedGuest(parts: GuestParts, g: GuestState, earlier: DeadManFeed | undefined): FeedGuest {
  const before = parts.here.observedOnce ? undefined : earlier?.guests.find((e) => e.guest === g.guest);
  const process = g.observed?.process ?? before?.process;
  const promise = ruling(g);
  return {
    guest: g.guest,
    uuid: g.observed?.uuid ?? promise?.uuid ?? "",
    ...(process === undefined ? {} : { process }),
    resumeInFlight: g.resumeInFlight,
    onIsolated: promise?.onIsolated ?? { kind: "pause" },
  };
}
