/**
 * Which of one host's gossip batches came, and which are missing.
 *
 * Every batch has its sender's number, one higher each time, and heartbeats say how high it stands. So a lost batch shows, be it
 * in the middle or the last one, and a repeated one shows too. Batches overtake each other on different paths through the
 * mesh, so a hole counts only once it is a little old.
 */
import type { GossipPosition } from "./frame-schema.ts";

/** A hole younger than this may still fill by itself. Milliseconds. */
const holeMs = 200;
/** A jump above this is not a hole but a stranger's number, or a sleep of hours: the digests repair it. */
const jumpMax = 1_024;
/** Pulls of one hole before it is left to the digests. */
const pullsMax = 3;

/** Numbers to ask for, both included. */
export interface Hole {
  readonly life: number;
  readonly from: number;
  readonly to: number;
}

/** `new` is to be delivered; `duplicate` came twice by our own pull; `replayed` has no honest reason. */
export type Arrival = "new" | "duplicate" | "replayed";

/** One origin's numbers, seen from one receiver. */
export class GossipSequence {
  #life = 0;
  #upTo = 0;
  #highest = 0;
  #holeSinceMs: number | undefined;
  #pulls = 0;
  #lost = 0;
  #pullsWithoutGossip = 0;
  readonly #above = new Set<number>();
  readonly #pulled = new Set<number>();

  /** Numbers given up since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Gossip of this origin came, whatever it was worth: it is not deaf. */
  arrived(): void {
    this.#pullsWithoutGossip = 0;
  }

  /** Holes in a row that nothing but pulls could fill: gossip itself has gone silent. */
  get pullsWithoutGossip(): number {
    return this.#pullsWithoutGossip;
  }

  /** The origin itself says over its own connection in which life it is and how far: whatever was before is not asked for. */
  greet(position: GossipPosition): void {
    if (position.life === this.#life) this.announce(position);
    else this.#begin(position.life, position.seq);
    this.#pullsWithoutGossip = 0;
  }

  /** The origin says how far it is. */
  announce(position: GossipPosition): void {
    if (position.life !== this.#life || position.seq <= this.#highest) return;
    this.#raise(position.seq);
  }

  receive(position: GossipPosition, via: "gossip" | "pull"): Arrival {
    const { life, seq } = position;
    if (life < this.#life) return "replayed";
    if (life > this.#life) this.#begin(life, seq - 1);
    if (seq <= this.#upTo || this.#above.has(seq)) {
      return via === "pull" || this.#pulled.delete(seq) ? "duplicate" : "replayed";
    }
    this.#raise(seq);
    this.#above.add(seq);
    if (via === "gossip") this.arrived();
    else this.#pulled.add(seq);
    this.#close();
    return "new";
  }

  /** The oldest hole that is due to be asked for; each call that returns one counts as a pull. */
  takeHole(nowMs: number): Hole | undefined {
    if (this.#highest <= this.#upTo) {
      this.#holeSinceMs = undefined;
      this.#pulls = 0;
      return undefined;
    }
    this.#holeSinceMs ??= nowMs;
    if (nowMs - this.#holeSinceMs < holeMs) return undefined;
    this.#holeSinceMs = nowMs;
    const from = this.#upTo + 1;
    let to = from;
    while (to < this.#highest && !this.#above.has(to + 1)) to += 1;
    if (this.#pulls >= pullsMax) {
      this.#giveUp(to);
      return undefined;
    }
    this.#pulls += 1;
    this.#pullsWithoutGossip += 1;
    return { life: this.#life, from, to };
  }

  #begin(life: number, upTo: number): void {
    this.#life = life;
    this.#upTo = upTo;
    this.#highest = upTo;
    this.#above.clear();
    this.#pulled.clear();
    this.#pulls = 0;
    this.#holeSinceMs = undefined;
  }

  #raise(seq: number): void {
    this.#highest = Math.max(this.#highest, seq);
    if (this.#highest - this.#upTo > jumpMax) this.#giveUp(this.#highest - 1);
  }

  #giveUp(to: number): void {
    // By what is there and not by what is missing: a number out of the blue must not cost as many steps as it is high.
    let came = 0;
    for (const seq of this.#above) {
      if (seq > to) continue;
      this.#above.delete(seq);
      came += 1;
    }
    this.#lost += to - this.#upTo - came;
    this.#upTo = to;
    this.#pulls = 0;
    this.#close();
  }

  /** Moves the lower edge over everything that came. */
  #close(): void {
    const before = this.#upTo;
    while (this.#above.delete(this.#upTo + 1)) this.#upTo += 1;
    if (this.#upTo > before) this.#pulls = 0;
    for (const seq of this.#pulled) {
      if (this.#pulled.size <= jumpMax) break;
      this.#pulled.delete(seq);
    }
  }
}
