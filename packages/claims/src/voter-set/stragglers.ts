/**
 * Voters of a new set that missed the copy: a majority answers, the change is over, and they were off or cut off just then.
 *
 * Left alone they would never answer, and the set would fail with the next voter that is lost. So the host that carried out the change
 * keeps the copy and asks them now and then. A copy that comes late is as good as one in time: such a voter has promised and accepted
 * nothing in the new set, and what was chosen there since is with a majority of the others.
 */
import type { VoterReply } from "../messages.ts";
import type { HostId, Voter, VoterId } from "../words.ts";
import type { ChangeParts } from "./parts.ts";
import { type Change, sendActivate, sendPages } from "./phases.ts";

/** What is left to do of a change whose new set answers already. */
export class Stragglers {
  readonly #parts: ChangeParts;
  readonly #change: Change;
  readonly #active: Set<VoterId>;

  /** @param active voters that are known to be activated */
  constructor(parts: ChangeParts, change: Change, active: readonly VoterId[]) {
    this.#parts = parts;
    this.#change = change;
    this.#active = new Set(active);
  }

  /** Asks those that are left whether they are active; false when none is, or another configuration has come since. */
  ask(): boolean {
    const { membership } = this.#parts;
    const left = this.#left();
    if (left.length === 0 || membership.config.number !== this.#change.next.number) return false;
    for (const voter of left) sendActivate(this.#parts, this.#change, voter);
    return true;
  }

  /** One answer: active at last, or in want of the copy, or one page further. */
  onReply(from: HostId, reply: VoterReply): void {
    const voter = this.#left().find((v) => v.voter === reply.voter && v.host === from);
    if (voter === undefined || !("copy" in reply) || reply.copy !== this.#change.copy) return;
    if (reply.kind === "activate-reply") {
      if (reply.active) this.#active.add(voter.voter);
      else sendPages(this.#parts, this.#change, voter);
      return;
    }
    if (reply.kind !== "install-reply") return;
    const have = this.#change.installed.get(voter.voter) ?? new Set<number>();
    have.add(reply.pageNumber);
    this.#change.installed.set(voter.voter, have);
    if (have.size === this.#change.pages.length) sendActivate(this.#parts, this.#change, voter);
  }

  #left(): readonly Voter[] {
    return this.#change.next.voters.filter(({ voter }) => !this.#active.has(voter));
  }
}
