/**
 * One look at one guest: what policy wants, what the registers say, what runs and whether the lease holds are compared, and at
 * most one act is ordered. Each case has a file of its own.
 */
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { evaluateAbsent } from "./absent.ts";
import { beginAdoption } from "./adoption.ts";
import { evaluateGossipMode } from "./gossip-mode.ts";
import { evaluateOwned } from "./owned.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive, ruling, say } from "./state.ts";
import { tell } from "./stopping.ts";
import { evaluateUnowned } from "./unowned.ts";

/** Looks at the guest and does what is due. */
export function evaluate(parts: GuestParts, g: GuestState, now: Now): void {
  if (ruling(g) === undefined && parts.here.policySeen) g.lastPromise = leftOver(g);
  const promise = ruling(g);
  if (promise === undefined) {
    say(g, "idle", "not promised");
    return;
  }
  meetNew(parts, g, now);
  changeMode(parts, g, promise, now);
  if (promise.mode === "gossip" && g.promise !== undefined) {
    evaluateGossipMode(parts, g, promise, now);
    return;
  }
  if (g.owned !== undefined) {
    evaluateOwned(parts, g, promise, now);
    return;
  }
  if (g.promise === undefined && g.released === undefined) {
    say(g, "idle", "no longer promised");
    return;
  }
  if (isActive(g)) evaluateUnowned(parts, g, promise, now);
  if (g.released !== undefined) {
    tell(parts, g, now);
    return;
  }
  if (!isActive(g)) evaluateAbsent(parts, g, promise, now);
}

/** Promised for the first time and running already: it is adopted. Looked at once, when both are known. */
function meetNew(parts: GuestParts, g: GuestState, now: Now): void {
  if (!g.isNew || !parts.here.observedOnce) return;
  g.isNew = false;
  const ours = g.owned !== undefined || g.released !== undefined || g.earlier !== undefined;
  if (!ours && g.observed?.state === "running") beginAdoption(parts, g, now);
}

/**
 * Policy changed between quorum and gossip. What a host granted to itself is no claim for the voters: the copy is
 * claimed like one found running, before it is touched. The other way round it simply goes on.
 */
function changeMode(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (g.owned === undefined || g.owned.by === promise.mode) return;
  if (promise.mode === "gossip") {
    g.owned = { ...g.owned, by: "gossip" };
    parts.outbox.persist({ kind: "owned", guest: g.guest, value: g.owned });
    return;
  }
  g.owned = undefined;
  g.known = undefined;
  parts.outbox.persist({ kind: "owned", guest: g.guest, value: null });
  if (g.observed?.state === "running") beginAdoption(parts, g, now);
  parts.feedChanged();
  parts.advertChanged(g);
}

/**
 * Owned and running, promised no more, and the agent has restarted since: what was promised is forgotten. It is kept as it was
 * found: suspended without a lease, as the dead-man does anyway, and resumed with the next one.
 */
function leftOver(g: GuestState): PromisedGuest | undefined {
  if (g.owned === undefined || g.observed?.state !== "running") return undefined;
  return {
    guest: g.guest,
    uuid: g.observed.uuid,
    mode: g.owned.by,
    onIsolated: g.earlier?.onIsolated ?? { kind: "pause" },
    wanted: "running",
    keep: "longest_running",
    placementKey: "",
    classMatch: true,
    eligible: true,
    memoryKib: 0,
  };
}
