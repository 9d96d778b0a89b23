/**
 * A promised guest that runs (or is paused) here although this host does not own it: being adopted, started by hand, or left
 * over from a lost claim. Whoever is not being adopted is suspended at once; it is destroyed only when the registers
 * themselves name another owner, or when policy wants it down anyway.
 */
import { reservedMs } from "../claimant/on-prepare-reply.ts";
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { force } from "./acts.ts";
import { adopt } from "./adoption.ts";
import { mayClaim } from "./candidates.ts";
import { runsElsewhere } from "./copies.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, ownerOf, say } from "./state.ts";

/** How often the registers are asked about a copy that nobody owns and this host cannot. */
const askAgainMs = 5_000;

/** One look at such a copy: adopt, suspend, ask, or destroy. */
export function evaluateUnowned(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (g.adopting !== undefined && adopt(parts, g, promise, g.adopting.untilMs, now)) return;
  if (g.observed?.state === "running") force(parts, g, "suspend", "this host does not own it", now);
  if (g.lostTo !== undefined) {
    say(g, "losing", `its claim is with ${g.lostTo}`);
    if (g.observed?.state !== "running") force(parts, g, "destroy", `its claim is with ${g.lostTo}`, now);
    return;
  }
  if (promise.wanted === "down") {
    say(g, "stopping", "here without a claim, and policy wants it down");
    if (g.observed?.state !== "running") force(parts, g, "destroy", "policy wants it down", now);
    return;
  }
  say(g, "suspended", "here without a claim; the voters are being asked");
  ask(parts, g, promise, now);
}

/** Claims the copy where this host may have it, else only asks whose it is. */
function ask(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  if (g.nextTryMs <= now.bootMs) {
    g.nextTryMs = now.bootMs + askAgainMs;
    // Handed to somebody who does not come for it: after a while it is anybody's, as where it is off.
    const evenIfReserved = now.bootMs >= g.knownSinceMs + reservedMs;
    if (mayClaim(parts, g, promise, now) && !runsElsewhere(parts, g, now))
      parts.claimant.propose(g.guest, { kind: "claim", evenIfReserved }, ownerOf(g));
    else if (parts.holder.isLeased(now)) parts.claimant.propose(g.guest, { kind: "refresh" });
    else g.nextTryMs = 0;
  }
  parts.wakeGuest(g, g.nextTryMs === 0 ? now.bootMs + askAgainMs : g.nextTryMs);
}
