/** What status and the planner see of a host's machine: a copy, made on demand. */
import type { HostView } from "./host.ts";
import type { Life } from "./life.ts";
import { majority } from "./quorum.ts";
import type { Now } from "./time.ts";
import { bothPassed } from "./time.ts";

/** A snapshot of one life. */
export function hostView(life: Life, now: Now): HostView {
  const { holder, membership, guests, voter } = life;
  const { config } = membership;
  const view: HostView = {
    config,
    inc: holder.identity.inc,
    life: holder.identity.life,
    leaseRemainingMs: holder.remainingMs(now),
    votersHeard: holder.votersHeard(now),
    votersNeeded: majority(config.voters.length),
    guests: [...guests.parts.all.values()].map(({ guest, phase, reason, known, owned }) => ({
      guest,
      phase,
      reason,
      owned: owned !== undefined,
      ...(known === undefined ? {} : { claim: known }),
    })),
  };
  if (voter === undefined) return view;
  const live = [...voter.state.leases.values()].filter((lease) => !bothPassed(lease.expires, now)).length;
  const { active } = voter;
  const sealed = voter.state.sealed !== undefined;
  return { ...view, voter: { active, liveHosts: live, quarantineMs: voter.quarantineMs(now), sealed } };
}
