import type { HostId, VoterId } from "@berth/claims";
import { entryOf } from "./map-entry.ts";

/**
 * Which incarnations a majority of disks has fenced.
 *
 * The oracle keeps two of these. In one a fence counts as soon as it is on the disk: whoever is told of it takes its guests
 * down, and is right to. In the other it counts from when it *stands*: at once for a voter's own fence, and after the quarantine for
 * one that came with the copy for a new voter set, because the host's lease from the former set runs on until then.
 */
export class FenceLedger {
  #fences = new Map<HostId, Map<VoterId, number>>();
  #byMajority = new Map<HostId, number>();
  #isMajority: (voters: ReadonlySet<VoterId>) => boolean;
  #onMajority: (host: HostId, inc: number) => void;

  constructor(isMajority: (voters: ReadonlySet<VoterId>) => boolean, onMajority: (host: HostId, inc: number) => void) {
    this.#isMajority = isMajority;
    this.#onMajority = onMajority;
  }

  /** Highest incarnation of a host that a majority has fenced; 0 when none. */
  fencedInc(host: HostId): number {
    return this.#byMajority.get(host) ?? 0;
  }

  /** Highest incarnation of a host that any disk at all has fenced; 0 when none. */
  fencedAnywhere(host: HostId): number {
    return Math.max(0, ...(this.#fences.get(host)?.values() ?? []));
  }

  /** The disk of this voter fences all incarnations of `host` up to `inc`. */
  note(voter: VoterId, host: HostId, inc: number): void {
    if (inc === 0) return;
    const voters = entryOf(this.#fences, host, () => new Map<VoterId, number>());
    if ((voters.get(voter) ?? 0) >= inc) return;
    voters.set(voter, inc);
    this.#judge(host, voters);
  }

  /** Another configuration has become known: sets of voters may be majorities now that were none. */
  judgeAll(): void {
    for (const [host, voters] of this.#fences) this.#judge(host, voters);
  }

  #judge(host: HostId, voters: ReadonlyMap<VoterId, number>): void {
    const highest = this.fencedInc(host);
    for (const inc of new Set(voters.values())) {
      if (inc <= highest) continue;
      const agree = new Set([...voters].filter(([, level]) => level >= inc).map(([id]) => id));
      if (!this.#isMajority(agree)) continue;
      this.#byMajority.set(host, Math.max(this.fencedInc(host), inc));
      this.#onMajority(host, inc);
    }
  }
}
