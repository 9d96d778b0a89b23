/** What status and the planner see of a host's machine: a copy, made on demand. */
import type { GuestState } from "./guests/state.ts";
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
  return { ...hostStanding(life, now), guests: [...life.guests.parts.all.values()].map(guestView) };
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
