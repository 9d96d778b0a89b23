/**
 * The lease has run out: a guest of this host may be running elsewhere from D_A on. The dead-man does this on its own; the agent
 * does it too, so that either of them alone is enough. What happens is the guest's `on_isolated` (section 1).
 */
import type { Now } from "../time.ts";
import type { PromisedGuest } from "../words.ts";
import { force } from "./acts.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive, say } from "./state.ts";

/** One look at an owned guest while there is no lease: what its `on_isolated` says. */
export function isolate(parts: GuestParts, g: GuestState, promise: PromisedGuest, now: Now): void {
  g.isolatedSinceMs ??= now.bootMs;
  if (!isActive(g)) {
    say(g, "isolated", "off: this host has no lease");
    return;
  }
  const { onIsolated } = promise;
  const downAtMs = onIsolated.kind === "pause-then-down" ? g.isolatedSinceMs + onIsolated.afterMs : undefined;
  if (onIsolated.kind === "down" || (downAtMs !== undefined && now.bootMs >= downAtMs)) {
    destroyIsolated(parts, g, now);
    return;
  }
  if (downAtMs !== undefined) parts.wakeGuest(g, downAtMs);
  if (g.observed?.state === "running") force(parts, g, "suspend", "this host has no lease", now);
  say(g, "isolated", "paused: this host has no lease");
}

function destroyIsolated(parts: GuestParts, g: GuestState, now: Now): void {
  force(parts, g, "destroy", "this host has no lease and the policy says down", now);
  say(g, "isolated", "taken down: this host has no lease");
}
