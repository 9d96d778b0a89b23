/**
 * Release and hand-over (section 4.4), in this order and no other: the guest is stopped; its process is confirmed gone; the
 * claim is durably forgotten; only then the voters are told. Told first and forgotten later, a crash in between would
 * leave a host that believes it owns what another one runs.
 */
import { reservedMs } from "../claimant/on-prepare-reply.ts";
import type { ReleasedClaim } from "../records.ts";
import type { Now } from "../time.ts";
import { begin, force, isFree, shutdownMsOf } from "./acts.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive, ruling, say } from "./state.ts";

/** Why a guest goes, and to whom. */
export interface Leaving {
  readonly why: string;
  readonly next: string | undefined;
}

/** A guest that did not hear that it shall shut down is asked again; a short time allows for six times. @default 10 s */
const askAgainMs = 10_000;

/** Stops an owned guest, then gives it up. */
export function stop(parts: GuestParts, g: GuestState, leaving: Leaving, now: Now): void {
  if (!parts.here.observedOnce) return;
  const shutdownMs = shutdownMsOf(g);
  g.stoppingSinceMs ??= now.bootMs;
  say(g, "stopping", leaving.why);
  if (isActive(g) && now.bootMs - g.stoppingSinceMs >= shutdownMs) {
    force(parts, g, "destroy", `${leaving.why}; it did not shut down`, now);
    return;
  }
  if (!isFree(parts, g, now)) return;
  if (!parts.rules.confirmedGone(g.observed?.state ?? "off")) {
    parts.wakeGuest(g, g.stoppingSinceMs + shutdownMs);
    const paused = g.observed?.state === "paused";
    paused ? force(parts, g, "destroy", leaving.why, now) : shutdownOnce(parts, g, leaving, now);
    return;
  }
  giveUp(parts, g, leaving.next, now);
}

function shutdownOnce(parts: GuestParts, g: GuestState, leaving: Leaving, now: Now): void {
  const asked = g.stoppingSinceMs !== undefined && g.actSinceMs >= g.stoppingSinceMs && g.actSinceMs > 0;
  const againMs = Math.min(askAgainMs, shutdownMsOf(g) / 6);
  if (!asked || now.bootMs - g.actSinceMs >= againMs) begin(parts, g, { kind: "shutdown", why: leaving.why }, now);
  parts.wakeGuest(g, now.bootMs + againMs);
}

/** Forgets, then tells: the record and the first message leave in one batch, the record first. */
function giveUp(parts: GuestParts, g: GuestState, next: string | undefined, now: Now): void {
  const { outbox, rules } = parts;
  if (g.owned === undefined) return;
  const value: ReleasedClaim = { inc: g.owned.inc, epoch: g.owned.epoch, ...(next === undefined ? {} : { next }) };
  if (rules.forgetsBeforeTelling()) {
    outbox.persist({ kind: "owned", guest: g.guest, value: null });
    outbox.persist({ kind: "released", guest: g.guest, value });
  }
  g.owned = undefined;
  g.released = value;
  g.release = undefined;
  g.wished = false;
  g.avoidUntilMs = Math.max(g.avoidUntilMs, now.bootMs + reservedMs);
  g.stoppingSinceMs = undefined;
  parts.feedChanged();
  parts.advertChanged(g);
  parts.claimant.abandon(g.guest);
  outbox.note({
    level: "info",
    code: "RELEASED",
    guest: g.guest,
    text: next === undefined ? `${g.guest} is given up` : `${g.guest} is handed to ${next}`,
  });
  tell(parts, g, now);
}

/** Tells the voters; repeated until a majority knows, across restarts. Gossip mode has nobody to tell but the peers. */
export function tell(parts: GuestParts, g: GuestState, now: Now): void {
  const { released } = g;
  if (released === undefined) return;
  say(g, "releasing", "off and forgotten here; the voters are being told");
  if (ruling(g)?.mode === "gossip") {
    const known = { owner: null, inc: 0, epoch: released.epoch + 1, runId: "" };
    g.known = released.next === undefined ? known : { ...known, next: released.next };
    g.knownSinceMs = now.bootMs;
    g.released = undefined;
    parts.outbox.persist({ kind: "released", guest: g.guest, value: null });
    parts.advertChanged(g);
    return;
  }
  if (g.nextTryMs > now.bootMs) {
    parts.wakeGuest(g, g.nextTryMs);
    return;
  }
  const { epoch, next } = released;
  parts.claimant.propose(g.guest, { kind: "release", epoch, ...(next === undefined ? {} : { next }) });
}
