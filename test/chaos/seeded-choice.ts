/** Choices of one episode, from the run's seed and the episode's number, so that any episode can be had again alone. */
export class SeededChoice {
  #state: number;

  constructor(seed: number, episode: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(episode + 1, 0x85ebca6b)) >>> 0;
  }

  /** Uniform in [0, 1): mulberry32, as the simulator's. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(minimum: number, maximum: number): number {
    return minimum + this.next() * (maximum - minimum);
  }

  of<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error("a choice among nothing");
    return item;
  }
}
