/**
 * A new incarnation (section 4.5): fenced by a majority, or after a reboot. Everything that the old one owned is taken down
 * and confirmed gone *first*; the new one would be granted leases, and the dead-man's deadline would move on for a copy
 * that runs under a claim which is no longer this host's.
 */
import type { Now } from "../time.ts";
import { force } from "./acts.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive, say } from "./state.ts";

/** Owned by votes, or on the dead-man's list of this boot although the store knows nothing of it (a wiped disk). */
function isOld(g: GuestState): boolean {
  return g.owned?.by === "quorum" || (g.owned === undefined && g.released === undefined && g.earlier !== undefined);
}

/** Takes the old incarnation's guests down; true when none is left and the next incarnation may begin. */
export function clearOldIncarnation(parts: GuestParts, now: Now): boolean {
  const { here, rules } = parts;
  let pending = here.hypervisor && !here.observedOnce ? 1 : 0;
  for (const g of parts.all.values()) {
    if (!isOld(g)) continue;
    const landing = g.act?.kind === "start-paused" || g.act?.kind === "resume" || g.awaitsLook;
    if (isActive(g)) {
      say(g, "losing", "this incarnation is fenced");
      force(parts, g, "destroy", "this incarnation is fenced", now);
    }
    if (isActive(g) || landing || g.resumeInFlight) pending += 1;
  }
  if (!rules.mayReincarnate(pending)) return false;
  for (const g of parts.all.values()) {
    if (g.owned?.by !== "quorum") continue;
    parts.outbox.persist({ kind: "owned", guest: g.guest, value: null });
    g.owned = undefined;
    g.nextTryMs = 0;
    parts.advertChanged(g);
  }
  parts.feedChanged();
  return true;
}
