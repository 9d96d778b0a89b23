/**
 * FENCE rounds: one per host and incarnation, however many of its guests are being taken over. A fence that a majority
 * has acknowledged holds for ever and is remembered, so the next guest of the same dead host needs none.
 */

import type { Fence, FenceReply } from "../messages.ts";
import { majority } from "../quorum.ts";
import type { Now } from "../time.ts";
import type { HostId, VoterId } from "../words.ts";
import type { ClaimantParts } from "./parts.ts";

interface Round {
  readonly host: HostId;
  readonly inc: number;
  readonly acks: VoterId[];
  readonly live: Map<VoterId, number>;
  readonly confirmedBy: string | undefined;
  sentMs: number;
  readonly askedMs: number;
}

/** An operator's word is repeated for this long where voters do not answer: later the host may have been switched on again. */
const confirmMs = 30_000;

/** How a round stands after an answer. */
export type FenceStand =
  | { readonly kind: "open" }
  | { readonly kind: "fenced" }
  /** Too many voters say that it lives; from `retryAtMs` (boot-time) on it can be asked again. */
  | { readonly kind: "live"; readonly retryAtMs: number };

/** The FENCE rounds of one host, and the fences it has seen complete. */
export class Fences {
  readonly #parts: ClaimantParts;
  readonly #rounds = new Map<string, Round>();
  readonly #fenced = new Map<HostId, number>();

  constructor(parts: ClaimantParts) {
    this.#parts = parts;
  }

  /** A majority has fenced this incarnation, and this host saw it. */
  isFenced(host: HostId, inc: number): boolean {
    return (this.#fenced.get(host) ?? 0) >= inc;
  }

  isAsked(host: HostId, inc: number): boolean {
    return this.#rounds.has(key(host, inc));
  }

  /** Asks every voter, unless that is under way. `confirmedBy` is the operator of a `confirm-dead`. */
  ask(host: HostId, inc: number, now: Now, confirmedBy?: string): void {
    if (this.isAsked(host, inc) && confirmedBy === undefined) return;
    const round: Round = { host, inc, acks: [], live: new Map(), confirmedBy, sentMs: now.bootMs, askedMs: now.bootMs };
    this.#rounds.set(key(host, inc), round);
    this.#send(round);
  }

  /** An operator's `confirm-dead` that a majority has not acknowledged yet. */
  get isConfirming(): boolean {
    for (const round of this.#rounds.values()) if (round.confirmedBy !== undefined) return true;
    return false;
  }

  /** Repeats rounds that were not answered within `resendMs`. */
  resend(now: Now, resendMs: number): void {
    for (const [name, round] of this.#rounds) {
      if (round.confirmedBy !== undefined && now.bootMs - round.askedMs >= confirmMs) {
        this.#rounds.delete(name);
        this.#noteUnheard(round);
        continue;
      }
      if (now.bootMs - round.sentMs < resendMs) continue;
      round.sentMs = now.bootMs;
      this.#send(round);
    }
  }

  #noteUnheard({ host }: Round): void {
    const text = `too few voters answered: ${host} is not confirmed dead`;
    this.#parts.outbox.note({ level: "alarm", code: "CONFIRM_DEAD_UNHEARD", host, text });
  }

  #send(round: Round): void {
    const { outbox, membership, holder } = this.#parts;
    const request: Fence = {
      kind: "fence",
      fleet: membership.fleet,
      cfg: membership.config.number,
      life: holder.identity.life,
      host: round.host,
      inc: round.inc,
      ...(round.confirmedBy === undefined ? {} : { confirmedBy: round.confirmedBy }),
    };
    for (const { voter, host } of membership.config.voters) if (!round.acks.includes(voter)) outbox.send(host, request);
  }

  onReply(reply: FenceReply, now: Now): FenceStand {
    const round = this.#rounds.get(key(reply.host, reply.inc));
    if (round === undefined) return { kind: "open" };
    const { rules, membership, holder } = this.#parts;
    if (reply.verdict.kind === "live") {
      const { remainingMs } = reply.verdict;
      round.live.set(reply.voter, now.bootMs + remainingMs);
      holder.late.correct(reply.voter, { host: reply.host, inc: reply.inc, remainingMs }, now);
    } else {
      round.acks.push(reply.voter);
      round.live.delete(reply.voter);
      holder.late.correct(reply.voter, { host: reply.host, inc: reply.inc, remainingMs: 0 }, now);
    }
    const voters = membership.voterIds;
    if (rules.isQuorum(voters, round.acks)) {
      this.#rounds.delete(key(reply.host, reply.inc));
      this.#fenced.set(reply.host, Math.max(this.#fenced.get(reply.host) ?? 0, reply.inc));
      return { kind: "fenced" };
    }
    if (round.live.size <= voters.length - majority(voters.length)) return { kind: "open" };
    this.#rounds.delete(key(reply.host, reply.inc));
    return { kind: "live", retryAtMs: Math.min(...round.live.values()) };
  }

  /** Another voter set: answers of the old one do not count there; complete fences were copied and stay. */
  onConfigChange(): void {
    this.#rounds.clear();
  }
}

function key(host: HostId, inc: number): string {
  return `${host}/${inc}`;
}
