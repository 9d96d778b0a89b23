/**
 * Ordering acts for one guest. One at a time, and after each a look at what it did: the machine believes observations,
 * not results. Only force (suspend, destroy) may overtake an act that hangs.
 */
import type { Act } from "../ready.ts";
import { after, type Now } from "../time.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, ruling } from "./state.ts";

/** An act that neither ended nor failed for this long is given up: ten times a slow start. */
const actLimitMs = 60_000;
/** @default see `PromisedGuest.shutdownMs` */
const shutdownDefaultMs = 60_000;
/** In gossip mode with `run` no lease ends; a resume must still be begun soon after it was decided. */
const resumeBeginMs = 5_000;
/** After a failed act the next one waits this long, and twice as long after each further one. */
const failedPauseMs = 500;
/** The pause grows no further than this. */
const failedPauseMostMs = 4_000;
/** So many failures in a row and no change to be seen: the process does not answer, and a person must look. */
export const failuresBeforeAlarm = 5;
/** A suspend or destroy that showed no effect, or has failed many times, is repeated after this long. */
const forceAgainMs = 1_000;
/** One that failed because the hypervisor is away is repeated after this long: nobody is to be asked hundreds of times a second. */
const awayAgainMs = 200;

/** How long the guest may take to shut down by itself, ms. */
export function shutdownMsOf(g: GuestState): number {
  return ruling(g)?.shutdownMs ?? shutdownDefaultMs;
}

/** A shutdown lasts as long as the guest may take for it. */
function limitMsOf(g: GuestState): number {
  return g.act?.kind === "shutdown" ? Math.max(actLimitMs, shutdownMsOf(g)) : actLimitMs;
}

/** Whether something gentle may be begun now. */
export function isFree(parts: GuestParts, g: GuestState, now: Now): boolean {
  if (g.act !== undefined && now.bootMs - g.actSinceMs >= limitMsOf(g)) g.act = undefined;
  const againMs = g.failedMs + Math.min(failedPauseMostMs, failedPauseMs * 2 ** Math.max(0, g.failures - 1));
  if (now.bootMs < againMs) parts.wakeGuest(g, againMs);
  return g.act === undefined && !g.awaitsLook && now.bootMs >= againMs;
}

/** Begins an act that waits its turn. */
export function begin(
  parts: GuestParts,
  g: GuestState,
  act: { readonly kind: "start-paused" | "suspend" | "shutdown" | "resume"; readonly why: string },
  now: Now,
): void {
  const notAfter = parts.holder.isLeased(now) ? (parts.holder.validUntil ?? now) : after(now, resumeBeginMs);
  const { guest } = g;
  const { kind, why } = act;
  g.act = kind === "resume" ? parts.outbox.act({ kind, guest, why, notAfter }) : parts.outbox.act({ kind, guest, why });
  g.actSinceMs = now.bootMs;
  g.forced = undefined;
  if (kind === "resume") g.resumeInFlight = true;
  if (kind === "resume" || kind === "start-paused") parts.feedChanged();
  parts.wakeGuest(g, now.bootMs + limitMsOf(g));
}

/** Suspends or destroys whatever else is under way; repeated while it shows no effect. */
export function force(parts: GuestParts, g: GuestState, kind: "suspend" | "destroy", why: string, now: Now): void {
  const { forced } = g;
  const stands = forced?.kind === kind || (forced?.kind === "destroy" && kind === "suspend");
  if (forced !== undefined && stands && now.bootMs < forced.againMs) {
    parts.wakeGuest(g, forced.againMs);
    return;
  }
  g.forced = { kind, againMs: now.bootMs + forceAgainMs };
  parts.outbox.act({ kind, guest: g.guest, why });
  parts.wakeGuest(g, now.bootMs + forceAgainMs);
}

/** An act ended. Without a hypervisor everything fails, and nothing is learnt of the process. */
export function onActDone(g: GuestState, act: Act, outcome: "done" | "failed", hypervisorUp: boolean, now: Now): void {
  const onProcess = act.kind === "suspend" || act.kind === "resume" || act.kind === "destroy";
  if (onProcess) g.failures = outcome === "failed" && hypervisorUp ? g.failures + 1 : 0;
  if (g.forced?.kind === act.kind && outcome === "failed")
    g.forced = { ...g.forced, againMs: now.bootMs + failedAgainMs(g, hypervisorUp) };
  if (g.act?.id !== act.id) return;
  g.act = undefined;
  g.awaitsLook = true;
  if (outcome === "failed") g.failedMs = now.bootMs;
  if (act.kind !== "start-paused") return;
  g.startFailures = outcome === "failed" ? g.startFailures + 1 : 0;
}

/** Failed for a moment: again at once. Failed again and again: no faster than force that shows no effect. */
function failedAgainMs({ failures }: GuestState, hypervisorUp: boolean): number {
  if (!hypervisorUp) return awayAgainMs;
  return failures < failuresBeforeAlarm ? 0 : forceAgainMs;
}

/** A new observation: what was awaited has been seen. A guest seen running, or gone, has no resume that could still land. */
export function onLook(g: GuestState): void {
  const state = g.observed?.state ?? "off";
  const found = state === "paused" && g.act === undefined && !g.awaitsLook;
  g.hasRun = state === "running" || (state === "paused" && (g.hasRun || found));
  g.awaitsLook = false;
  if (state === "running" || (state === "off" && g.act === undefined)) g.resumeInFlight = false;
  if (g.forced?.kind === "suspend" && state !== "running") g.forced = undefined;
  if (g.forced?.kind === "destroy" && state === "off") g.forced = undefined;
}
