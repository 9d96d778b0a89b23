/**
 * What this voter can say of a host's lease, and the list of late hosts that it adds to its answers.
 *
 * The list is what makes failover quick without polling: a host that missed a renewal is named in every answer with the
 * time that is left, so each candidate knows to the moment when the first FENCE can succeed. In quiet times it is empty.
 */
import { guestsPerMessage, type LateHost } from "../messages.ts";
import type { LeaseView, Rules } from "../rules.ts";
import { type Deadline, type Now, voterRemainingMs } from "../time.ts";
import type { Configuration, HostId } from "../words.ts";
import type { VoterState } from "./state.ts";

/** The lease of `host` as the rules want to see it. */
export function leaseView(state: VoterState, rules: Rules, host: HostId, now: Now): LeaseView {
  const lease = state.leases.get(host);
  return {
    live: lease !== undefined && !rules.voterPassed(lease.expires, now),
    quarantined: !rules.voterPassed(state.quarantineUntil, now),
    heldDown: state.holdDownUntil !== undefined && !rules.voterPassed(state.holdDownUntil, now),
  };
}

/**
 * Whether this voter's word against an incarnation stands. Not in quarantine: a copied fence may come from a minority of the
 * former voters, whose majority still granted the host a lease, and that lease runs on for less than the quarantine (section 7).
 */
export function fenceStands(state: VoterState, rules: Rules, host: HostId, inc: number, now: Now): boolean {
  const known = state.hosts.get(host);
  return known !== undefined && rules.isFenced(known, inc) && rules.fenceStands(leaseView(state, rules, host, now));
}

/** How long until a FENCE of `host` can succeed here: 0 when now. Milliseconds. */
export function fenceableInMs(state: VoterState, rules: Rules, host: HostId, now: Now): number {
  if (rules.mayFence(leaseView(state, rules, host, now))) return 0;
  const until = [state.quarantineUntil, state.holdDownUntil, state.leases.get(host)?.expires];
  const waits = until.filter((d): d is Deadline => d !== undefined).map((d) => voterRemainingMs(d, now));
  return Math.max(1, ...waits);
}

/**
 * Hosts that missed a renewal, dead and fenced ones included, at most {@link guestsPerMessage}. Where there are more, those that are
 * not fenced yet come first, and of them those that were heard last: hosts that left the fleet long ago must not hide one that dies now.
 */
export class LateHosts {
  readonly #state: VoterState;
  readonly #rules: Rules;
  #names: HostId[] = [];
  #lookedAt: number | undefined;

  constructor(components: { readonly state: VoterState; readonly rules: Rules }) {
    this.#state = components.state;
    this.#rules = components.rules;
  }

  /** The list as of now. The scan over all hosts is done at most every 50 ms; the times are always fresh. */
  list(config: Configuration, now: Now): readonly LateHost[] {
    if (this.#lookedAt === undefined || Math.abs(now.bootMs - this.#lookedAt) >= 50) this.#scan(config, now);
    const late: LateHost[] = [];
    for (const host of this.#names) {
      const known = this.#state.hosts.get(host);
      if (known === undefined || !this.#isLate(host, config, now)) continue;
      const fenced = fenceStands(this.#state, this.#rules, host, known.inc, now);
      const remainingMs = fenced ? 0 : fenceableInMs(this.#state, this.#rules, host, now);
      late.push({ host, inc: known.inc, remainingMs });
    }
    return late;
  }

  #scan(config: Configuration, now: Now): void {
    this.#lookedAt = now.bootMs;
    const late = [...this.#state.hosts.keys()].filter((host) => this.#isLate(host, config, now));
    if (late.length > guestsPerMessage)
      late.sort((a, b) => this.#isPast(a) - this.#isPast(b) || this.#expiresMs(b) - this.#expiresMs(a));
    this.#names = late.slice(0, guestsPerMessage);
  }

  #isPast(host: HostId): number {
    const known = this.#state.hosts.get(host);
    return known !== undefined && known.fenced >= known.inc ? 1 : 0;
  }

  /** End of its last lease here, boot-time; 0 when none was granted since this voter started. */
  #expiresMs(host: HostId): number {
    return this.#state.leases.get(host)?.expires.bootMs ?? 0;
  }

  #isLate(host: HostId, config: Configuration, now: Now): boolean {
    const lease = this.#state.leases.get(host);
    if (lease === undefined) return true;
    const sinceRenewed = this.#rules.grantMs(config.profile) - voterRemainingMs(lease.expires, now);
    return sinceRenewed > config.profile.renewMs * 1.5;
  }
}
