import type { HostId, Message, Renew, RenewReply, VoterId } from "@berth/claims";
import type { ClaimOracle } from "./claim-oracle.ts";
import { entryOf } from "./map-entry.ts";

/**
 * Until when a host may let its guests execute, read from the wire.
 *
 * The oracle sees every renewal leave and every answer arrive. A renewal that voters of a majority, counted as disks,
 * have acknowledged is good for T_fence from the moment it first left: that is the latest moment which an honest
 * holder can believe in. Past that moment plus K and W (stretched by the host's clock) nothing of it may execute.
 */
interface Attempt {
  readonly life: number;
  readonly attempt: number;
  readonly sentAtMs: number;
  readonly acks: Set<VoterId>;
}

/** Follows renewals and their answers on the wire. */
export class LeaseOracle {
  #attempts = new Map<HostId, Map<string, Attempt>>();
  #validUntil = new Map<HostId, number>();
  #claims: ClaimOracle;
  #fenceMs: number;

  /** @param fenceMs T_fence in true time: the profile's, divided by the slowest clock rate */
  constructor(claims: ClaimOracle, fenceMs: number) {
    this.#claims = claims;
    this.#fenceMs = fenceMs;
  }

  /** True time until which the host's last majority-acknowledged renewal is good; 0 when there was none. */
  validUntilMs(host: HostId): number {
    return this.#validUntil.get(host) ?? 0;
  }

  sent(from: HostId, message: Message, nowMs: number): void {
    if (message.kind !== "renew") return;
    const attempts = entryOf(this.#attempts, from, () => new Map<string, Attempt>());
    const key = attemptKey(message);
    if (attempts.has(key)) return;
    attempts.set(key, { life: message.life, attempt: message.attempt, sentAtMs: nowMs, acks: new Set() });
    for (const [old, { sentAtMs }] of attempts) {
      if (sentAtMs >= nowMs - this.#fenceMs) break;
      attempts.delete(old);
    }
  }

  /** An answer that comes when its renewal would be over already gives nobody a lease. */
  arrived(to: HostId, message: Message, nowMs: number): void {
    if (message.kind !== "renew-reply" || message.verdict.kind !== "ack") return;
    const attempt = this.#attempts.get(to)?.get(attemptKey(message));
    if (attempt === undefined) return;
    attempt.acks.add(message.voter);
    if (this.#claims.majorityConfig(attempt.acks) === undefined) return;
    const untilMs = attempt.sentAtMs + this.#fenceMs;
    if (untilMs > nowMs) this.#validUntil.set(to, Math.max(this.validUntilMs(to), untilMs));
  }
}

function attemptKey(message: Renew | RenewReply): string {
  return `${message.life}/${message.attempt}`;
}
