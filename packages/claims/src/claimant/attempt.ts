/** One ballot and the guests that share it: up to {@link guestsPerMessage}, so that one message holds them. */
import { type Accept, guestsPerMessage, type Prepare } from "../messages.ts";
import type { Now } from "../time.ts";
import type { Ballot, GuestId, VoterId } from "../words.ts";
import type { ClaimantParts } from "./parts.ts";
import type { Intent, Try } from "./try.ts";

/** One ballot under way. */
export class Attempt {
  static readonly guestsMax = guestsPerMessage;

  readonly key: string;
  readonly ballot: Ballot;
  readonly startedAt: Now;
  readonly tries = new Map<GuestId, Try>();
  readonly #toAccept = new Set<GuestId>();

  constructor(ballot: Ballot, startedAt: Now) {
    this.key = attemptKey(ballot);
    this.ballot = ballot;
    this.startedAt = startedAt;
  }

  add(guest: GuestId, intent: Intent): void {
    this.tries.set(guest, {
      guest,
      intent,
      phase: "preparing",
      promises: [],
      rejections: [],
      accepts: [],
      best: undefined,
      owners: new Map(),
      value: undefined,
    });
  }

  /** This guest's value goes out with the next flush. */
  readyToAccept(guest: GuestId): void {
    this.#toAccept.add(guest);
  }

  sendPrepare(parts: ClaimantParts): void {
    const { outbox, membership } = parts;
    for (const { voter, host } of membership.config.voters) {
      const open = [...this.tries.values()].filter((t) => t.phase === "preparing" && !answered(t, voter));
      if (open.length === 0) continue;
      const request: Prepare = {
        kind: "prepare",
        ...head(parts),
        ballot: this.ballot,
        guests: open.map((t) => t.guest),
      };
      outbox.send(host, request);
    }
  }

  flushAccepts(parts: ClaimantParts): void {
    if (this.#toAccept.size === 0) return;
    this.#sendAccept(parts, (t) => this.#toAccept.has(t.guest));
    this.#toAccept.clear();
  }

  /** Repeats to each voter what it has not answered. */
  resend(parts: ClaimantParts): void {
    this.sendPrepare(parts);
    this.#sendAccept(parts, () => true);
  }

  #sendAccept(parts: ClaimantParts, which: (t: Try) => boolean): void {
    const { outbox, membership } = parts;
    for (const { voter, host } of membership.config.voters) {
      const values: Accept["values"][number][] = [];
      for (const t of this.tries.values())
        if (t.phase === "accepting" && t.value !== undefined && which(t) && !t.accepts.includes(voter))
          values.push({ guest: t.guest, value: t.value });
      if (values.length > 0) outbox.send(host, { kind: "accept", ...head(parts), ballot: this.ballot, values });
    }
  }
}

/** Ballots are unique, so their text is a key. */
export function attemptKey(ballot: Ballot): string {
  return `${ballot.n}/${ballot.host}/${ballot.life}`;
}

function answered(t: Try, voter: VoterId): boolean {
  return t.promises.includes(voter) || t.rejections.includes(voter);
}

function head({ membership, holder }: ClaimantParts) {
  return { fleet: membership.fleet, cfg: membership.config.number, life: holder.identity.life };
}
