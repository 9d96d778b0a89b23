/** What status and the planner see of a host's machine: a copy, made on demand. */
import { shutdownMsOf } from "./guests/acts.ts";
import { type GuestState, isActive } from "./guests/state.ts";
import type { GuestView, HostStanding, HostView } from "./host.ts";
import type { Life } from "./life.ts";
import { majority } from "./quorum.ts";
import type { Now } from "./time.ts";
import { bothPassed } from "./time.ts";

/** What is shown of one guest. */
export function guestView({ guest, phase, reason, known, owned }: GuestState): GuestView {
  const view = { guest, phase, reason, owned: owned !== undefined };
  return known === undefined ? view : { ...view, claim: known };
}

/** A snapshot of one life. */
export function hostView(life: Life, now: Now): HostView {
  const guests = [...life.guests.parts.all.values()].map((g) => {
    const view = guestView(g);
    const left = secondsToDestroy(g, now);
    return left === undefined ? view : { ...view, reason: `${g.reason}; it has ${left} s left to shut down by itself` };
  });
  return { ...hostStanding(life, now), guests };
}

/** Of a guest that was asked to shut down; undefined for any other. */
function secondsToDestroy(g: GuestState, now: Now): number | undefined {
  if (g.phase !== "stopping" || g.stoppingSinceMs === undefined || !isActive(g)) return undefined;
  return Math.ceil(Math.max(0, g.stoppingSinceMs + shutdownMsOf(g) - now.bootMs) / 1_000);
}

/** The same without its guests. */
export function hostStanding(life: Life, now: Now): HostStanding {
  const { holder, membership, voter } = life;
  const { config } = membership;
  const view: HostStanding = {
    config,
    inc: holder.identity.inc,
    life: holder.identity.life,
    leaseRemainingMs: holder.remainingMs(now),
    votersHeard: holder.votersHeard(now),
    votersNeeded: majority(config.voters.length),
  };
  if (voter === undefined) return view;
  const live = [...voter.state.leases.values()].filter((lease) => !bothPassed(lease.expires, now)).length;
  const { active } = voter;
  const sealed = voter.state.sealed !== undefined;
  return { ...view, voter: { active, liveHosts: live, quarantineMs: voter.quarantineMs(now), sealed } };
}
