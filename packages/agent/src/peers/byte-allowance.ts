/**
 * How much one member may say.
 *
 * gossipsub keeps every accepted message for some seconds and every sender's name for it for minutes, so a member that publishes without
 * end fills the memory of all others. Each origin has an allowance that refills steadily: a whole fleet of guests may
 * change at once, and a flood stops here, before it is decoded or passed on. What goes over a stream to this host alone is
 * not kept, and costs only the time to read it: so it may be more.
 */

/** What flows, and what it costs. */
export interface AllowanceRate {
  /** Bytes at once. */
  readonly burstBytes: number;
  /** Bytes in a second after that. */
  readonly bytesPerSecond: number;
}

/** Gossip: at once a thousand guests told about six times. */
export const gossipRate: AllowanceRate = { burstBytes: 2 * 1024 * 1024, bytesPerSecond: 512 * 1024 };
/** Messages over a link: 4,000 small ones in a second keep a fifth of a core busy; a claim of a thousand guests needs 40. */
export const directRate: AllowanceRate = { burstBytes: 8 * 1024 * 1024, bytesPerSecond: 4 * 1024 * 1024 };

/** What a frame costs however small it is, so that many tiny ones are a flood too. */
const frameBytes = 1024;

/** One member's allowance. */
export class ByteAllowance {
  readonly #rate: AllowanceRate;
  #left: number;
  #readMs: number | undefined;

  constructor(rate: AllowanceRate = gossipRate) {
    this.#rate = rate;
    this.#left = rate.burstBytes;
  }

  /** Takes the price of a frame; false when there is not enough. */
  take(bytes: number, nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - (this.#readMs ?? nowMs));
    this.#readMs = nowMs;
    const { burstBytes, bytesPerSecond } = this.#rate;
    this.#left = Math.min(burstBytes, this.#left + (passedMs * bytesPerSecond) / 1_000);
    const price = bytes + frameBytes;
    if (price > this.#left) return false;
    this.#left -= price;
    return true;
  }
}
