/** The dead-man's list: what must stop when the lease runs out (section 5). */
import type { DeadManFeed, FeedGuest } from "../ready.ts";
import type { Deadline } from "../time.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive, ruling } from "./state.ts";

/** Long passed on both clocks: what stands in the file while there is no lease. */
export const passedDeadline: Deadline = { bootMs: 0, monoMs: 0 };

/**
 * The whole file as it should stand. Until policy and the first list of domains are in, the list of this boot's last life
 * (`earlier`) stays as it is and only the deadline moves: a restart of the agent must not drop anybody from it.
 */
export function buildFeed(
  parts: GuestParts,
  bootId: string,
  earlier: DeadManFeed | undefined,
): DeadManFeed | undefined {
  const deadline = parts.holder.validUntil ?? passedDeadline;
  if (!parts.here.policySeen || !parts.here.observedOnce)
    return earlier === undefined ? undefined : { ...earlier, deadline };
  const { killMs, stopMs, pollMs } = parts.membership.config.profile;
  const guests: FeedGuest[] = [];
  for (const g of parts.all.values()) {
    if (!isProtected(g)) continue;
    guests.push(feedGuest(g));
  }
  return { bootId, deadline, killMs, stopMs, pollMs, guests };
}

/**
 * Owned guests, and promised ones that have a process here; not those that are being adopted (they may only be touched
 * once they are claimed), and not those whose policy is to run on in isolation.
 */
export function isProtected(g: GuestState): boolean {
  const promise = ruling(g);
  if (promise?.onIsolated.kind === "run") return false;
  if (g.owned !== undefined) return true;
  if (!isActive(g) || g.adopting !== undefined) return false;
  return promise?.mode === "quorum" || (promise === undefined && g.earlier !== undefined);
}

function feedGuest(g: GuestState): FeedGuest {
  const process = g.observed?.process;
  const promise = ruling(g);
  return {
    guest: g.guest,
    uuid: g.observed?.uuid ?? promise?.uuid ?? "",
    ...(process === undefined ? {} : { process }),
    resumeInFlight: g.resumeInFlight,
    onIsolated: promise?.onIsolated ?? g.earlier?.onIsolated ?? { kind: "pause" },
  };
}
