/**
 * How much one origin may publish.
 *
 * gossipsub keeps every accepted message for some seconds and every sender's name for it for minutes, so a member that publishes without
 * end fills the memory of all others. Each origin has an allowance that refills steadily: a whole fleet of guests may
 * change at once, and a flood stops here, before it is decoded or passed on.
 */

/** Bytes at once: a thousand guests told about six times. */
const burstBytes = 2 * 1024 * 1024;
/** Bytes in a second after that. */
const bytesPerSecond = 512 * 1024;
/** What a batch costs however small it is, so that many tiny ones are a flood too. */
const batchBytes = 1024;

/** One origin's allowance. */
export class ByteAllowance {
  #left = burstBytes;
  #readMs: number | undefined;

  /** Takes the price of a batch; false when there is not enough. */
  take(bytes: number, nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - (this.#readMs ?? nowMs));
    this.#readMs = nowMs;
    this.#left = Math.min(burstBytes, this.#left + (passedMs * bytesPerSecond) / 1_000);
    const price = bytes + batchBytes;
    if (price > this.#left) return false;
    this.#left -= price;
    return true;
  }
}
