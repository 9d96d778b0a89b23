/**
 * All chance in the simulator comes from here, and all of it from one number.
 *
 * A run is a function of its seed: nothing reads a clock, nothing calls `Math.random`. Each part of the world (network,
 * disks, hypervisors, the plan of faults) draws from its own stream, forked by name, so that taking one fault out of
 * the plan does not change how long the first start on another host took. That is what makes shrinking converge.
 *
 * sfc32 by Chris Doty-Humphrey (PractRand), seeded by splitmix32: 32-bit integer operations only, which V8 keeps in
 * registers, and the same result on every machine.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    const mix = splitmix32(seed ^ Math.imul(stream + 1, 0x9e3779b1));
    this.#a = mix();
    this.#b = mix();
    this.#c = mix() ^ Math.floor(seed / 0x1_0000_0000);
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.bits() / 0x1_0000_0000;
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new RangeError("pick from an empty list");
    return found;
  }

  /**
   * A duration with a long tail: mostly near `typical`, one in fifty up to `worst`. Real disks and hypervisors look
   * like this (fsync 0.4 ms at the median and 17 ms at the 99th percentile).
   */
  longTail(typical: number, worst: number): number {
    return this.chance(0.02) ? this.between(typical, worst) : typical * this.between(0.5, 1.5);
  }

  /** A stream of its own for one part of the world. */
  static stream(seed: number, name: string): Prng {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return new Prng(seed, hash >>> 0);
  }
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
}
