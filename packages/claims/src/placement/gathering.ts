/**
 * Who of the members may still turn up.
 *
 * When a whole fleet starts at once, at its first deployment or when the power is back, the first host that holds a lease has
 * heard nobody yet. If it claimed what nobody has, it would get all of it, and owners are sticky. So for a short time after
 * its own start a host counts members that it has not heard as candidates too, and leaves them what they would be better
 * placed for, and what was theirs.
 *
 * The time is bounded, and nobody is waited for who is known not to come: a member that has turned up once in this life is
 * judged by what it says from then on, and one that was over for a majority of the voters when they were first asked was gone
 * before. Nothing here is needed for safety: whoever waits, or does not, asks the voters.
 */
import type { LateKnowledge } from "../holder/late-knowledge.ts";
import type { Membership } from "../membership.ts";
import type { Now } from "../time.ts";
import type { FleetHost, HostId } from "../words.ts";

/**
 * After its start a host listens this long before it claims guests of which it knows nothing: the 3 s of a bid for a guest found
 * running, and a round of gossip. Milliseconds.
 */
export const settleMs = 4_000;
/**
 * So much longer it leaves to members that it has not heard what is theirs. Milliseconds.
 * @default 5 s: hosts of one kind boot within a few seconds of each other; and what waits, waits this long at most
 */
export const turnUpMs = 5_000;

/** What the gathering needs to know besides. */
export interface GatheringParts {
  readonly late: LateKnowledge;
  readonly membership: Membership;
}

/** The members of the fleet as one life of one host gets to hear them. All moments are boot-time. */
export class Gathering {
  readonly #parts: GatheringParts;
  readonly #self: HostId;
  readonly #startedMs: number;
  #listed: ReadonlySet<HostId> | undefined;
  #others: readonly FleetHost[] = [];
  #named = new Map<string, Set<HostId>>();
  readonly #heardMs = new Map<HostId, number>();
  readonly #turnedUpMs = new Map<HostId, number>();
  #firstLeaseMs = Number.POSITIVE_INFINITY;

  constructor(parts: GatheringParts, init: { readonly self: HostId }, now: Now) {
    this.#parts = parts;
    this.#self = init.self;
    this.#startedMs = now.bootMs;
  }

  /** The whole list of members replaces the one before. */
  onMembers(hosts: readonly FleetHost[]): void {
    this.#listed = new Set(hosts.map(({ host }) => host));
    this.#others = hosts.filter(({ host, hypervisor }) => hypervisor && host !== this.#self);
    this.#named = new Map();
    for (const { host, classes } of hosts)
      for (const name of classes) this.#named.set(name, new Set([...(this.#named.get(name) ?? []), host]));
  }

  /** A host's word about itself was heard. With a lease it has turned up. */
  onHost(host: HostId, leased: boolean, now: Now): void {
    if (!this.#heardMs.has(host)) this.#heardMs.set(host, now.bootMs);
    if (leased && !this.#turnedUpMs.has(host)) this.#turnedUpMs.set(host, now.bootMs);
  }

  /** This host holds a lease; the first time counts. */
  onLease(now: Now): void {
    this.#firstLeaseMs = Math.min(this.#firstLeaseMs, now.bootMs);
  }

  /** Hosts with a hypervisor besides this one; none while no list was given. */
  get others(): readonly FleetHost[] {
    return this.#others;
  }

  /** Until when members may turn up; infinity before the first lease of this life. */
  get endsMs(): number {
    return Math.max(this.#startedMs + settleMs, this.#firstLeaseMs) + turnUpMs;
  }

  /** Removed hosts are candidates for nothing, whatever was last heard of them. Without a list everybody belongs. */
  isMember(host: HostId): boolean {
    return this.#listed?.has(host) ?? true;
  }

  /** From when on it could claim what nobody has: it has turned up and listened for long enough. Undefined before it turned up. */
  readyMs(host: HostId): number | undefined {
    const turnedUpMs = this.#turnedUpMs.get(host);
    return turnedUpMs === undefined ? undefined : Math.max(turnedUpMs, (this.#heardMs.get(host) ?? 0) + settleMs);
  }

  /** Neither heard with a lease in this life nor known to have gone before it. */
  isMissing(host: HostId): boolean {
    if (this.#turnedUpMs.has(host) || !this.#others.some((other) => other.host === host)) return false;
    return !this.#parts.late.wasGone(this.#parts.membership.voterIds, host);
  }

  /** It is missing, and there is still time to turn up. */
  awaits(host: HostId, now: Now): boolean {
    return now.bootMs < this.endsMs && this.isMissing(host);
  }

  /** Hosts of which this placement key is a name; undefined when it is nobody's, and says nothing about who matches. */
  namedBy(placementKey: string): ReadonlySet<HostId> | undefined {
    return this.#named.get(placementKey);
  }
}
