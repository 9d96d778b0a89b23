/**
 * From when on could a majority of voters fence a host? Each voter names the hosts that missed renewals in its answers
 * to ours; this keeps the latest word of each voter and turns it into one moment per host.
 */
import type { LateHost } from "../messages.ts";
import { majority, reachedByMajority } from "../quorum.ts";
import type { Now } from "../time.ts";
import type { HostId, VoterId } from "../words.ts";

/** What the voters' late lists say. */
export class LateKnowledge {
  /** Per voter, per host: boot-time moment from which the voter would fence the incarnation. */
  readonly #byVoter = new Map<VoterId, Map<HostId, Moment>>();
  /** Per voter: hosts that it would have fenced when it was first heard in this life. */
  readonly #goneAtFirst = new Map<VoterId, ReadonlySet<HostId>>();

  /** One voter's whole list replaces what it said before. The hosts of which it says something else now. */
  learn(voter: VoterId, late: readonly LateHost[], now: Now): ReadonlySet<HostId> {
    if (!this.#goneAtFirst.has(voter))
      this.#goneAtFirst.set(voter, new Set(late.filter((l) => l.remainingMs === 0).map(({ host }) => host)));
    const before = this.#byVoter.get(voter);
    if (late.length === 0 && (before === undefined || before.size === 0)) return nobody;
    const list = new Map<HostId, Moment>();
    for (const entry of late)
      list.set(entry.host, { inc: entry.inc, fromMs: fromMs(entry, before?.get(entry.host), now) });
    this.#byVoter.set(voter, list);
    return differing(before ?? new Map(), list);
  }

  /** A voter said that a host is live for another `remainingMs`: that is later than we thought. */
  correct(voter: VoterId, late: LateHost, now: Now): void {
    const list = this.#byVoter.get(voter) ?? new Map<HostId, Moment>();
    list.set(late.host, { inc: late.inc, fromMs: fromMs(late, list.get(late.host), now) });
    this.#byVoter.set(voter, list);
  }

  /**
   * Boot-time moment from which a majority of `voters` would fence `host` at incarnation `inc`; infinity when too few
   * of them call it late. An owner of an older incarnation than the voters know is gone already.
   */
  fenceableFromMs(voters: readonly VoterId[], host: HostId, inc: number): number {
    const moments: number[] = [];
    for (const voter of voters) {
      const late = this.#byVoter.get(voter)?.get(host);
      if (late !== undefined && late.inc >= inc) moments.push(late.inc > inc ? 0 : late.fromMs);
    }
    return reachedByMajority(voters.length, moments);
  }

  /** A majority of `voters` would have fenced it when they were first heard: it was gone before this life began. */
  wasGone(voters: readonly VoterId[], host: HostId): boolean {
    const sure = voters.filter((voter) => this.#goneAtFirst.get(voter)?.has(host) === true);
    return sure.length >= majority(voters.length);
  }

  forget(): void {
    this.#byVoter.clear();
  }
}

interface Moment {
  readonly inc: number;
  readonly fromMs: number;
}

const nobody: ReadonlySet<HostId> = new Set();

function differing(before: ReadonlyMap<HostId, Moment>, now: ReadonlyMap<HostId, Moment>): ReadonlySet<HostId> {
  const hosts = new Set<HostId>();
  for (const host of before.keys()) if (!now.has(host)) hosts.add(host);
  for (const [host, { inc, fromMs }] of now) {
    const earlier = before.get(host);
    if (earlier?.inc !== inc || earlier.fromMs !== fromMs) hosts.add(host);
  }
  return hosts;
}

/** When it has passed already it stays where it was: who waits his rank from then on must not wait anew with every answer. */
function fromMs(late: LateHost, before: Moment | undefined, now: Now): number {
  const passed = before !== undefined && before.inc === late.inc && before.fromMs <= now.bootMs;
  return passed && late.remainingMs === 0 ? before.fromMs : now.bootMs + late.remainingMs;
}
