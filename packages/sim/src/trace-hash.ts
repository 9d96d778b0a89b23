/**
 * A fingerprint of everything that happened, in order. Two runs of one seed must end with the same fingerprint, with or
 * without a log; the suite runs seeds twice to see it. Two 32-bit lanes, murmur-style mixing of integers; names are
 * hashed once and kept.
 */
export class TraceHash {
  #low = 0x2f0b4c47;
  #high = 0x6b43a9b5;
  #names = new Map<string, number>();

  add(value: number): void {
    const word = Math.imul(value | 0, 0xcc9e2d51);
    this.#low = (Math.imul(this.#low ^ ((word << 15) | (word >>> 17)), 5) + 0xe6546b64) | 0;
    this.#high = (Math.imul(this.#high ^ word ^ (this.#low >>> 7), 0x1b873593) + 0x27d4eb2f) | 0;
  }

  /** Virtual time, to the microsecond. */
  addTime(atMs: number): void {
    this.add(Math.floor(atMs));
    this.add(Math.floor((atMs % 1) * 1e6));
  }

  addName(name: string): void {
    let hash = this.#names.get(name);
    if (hash === undefined) {
      hash = 0x811c9dc5;
      for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
      this.#names.set(name, hash);
    }
    this.add(hash);
  }

  /** Sixteen hexadecimal digits. */
  digest(): string {
    return hex(this.#low) + hex(this.#high);
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
