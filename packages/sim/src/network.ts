import type { EventQueue } from "./event-queue.ts";
import type { Prng } from "./prng.ts";

/**
 * Every message passes here and may be late, lost, doubled or overtaken.
 *
 * A link is a direction between two hosts. A cut counts, so that two overlapping partitions heal one after the other
 * without the first heal undoing the second. A cut is looked at when the message leaves *and* when it arrives: what was
 * under way when the cable was pulled is gone. Weather (loss, doubling, delay) is for the whole network at a time, and
 * each host may have its own extra delay each way, which is how answers are held until they hurt.
 */
export interface Weather {
  /** Probability that a message is lost. */
  readonly loss: number;
  /** Probability that a message arrives a second time, later. */
  readonly duplicate: number;
  /** Delay range of an ordinary message, in ms. A random delay per message is also what reorders them. */
  readonly delayLowMs: number;
  readonly delayHighMs: number;
  /** Probability that a message takes a delay of up to {@link lateMs} instead. */
  readonly late: number;
  /** Longest delay, in ms; the protocol is tested up to 4,000. */
  readonly lateMs: number;
}

/** A quiet local network: 0.2 to 2 ms, nothing lost. */
export const fairWeather: Weather = { loss: 0, duplicate: 0, delayLowMs: 0.2, delayHighMs: 2, late: 0, lateMs: 0 };

/** A message on its way. */
export interface Envelope<M> {
  readonly from: number;
  readonly to: number;
  readonly message: M;
}

/** How many messages were sent and what became of them. */
export interface NetworkCounts {
  sent: number;
  delivered: number;
  lost: number;
  doubled: number;
}

/** The links between all machines. */
export class Network<M> {
  readonly counts: NetworkCounts = { sent: 0, delivered: 0, lost: 0, doubled: 0 };
  weather: Weather = fairWeather;
  #cuts: Uint8Array;
  #holdOut: Float64Array;
  #holdIn: Float64Array;
  #queue: EventQueue;
  #random: Prng;
  #size: number;
  #arrive: (envelope: Envelope<M>) => void;

  constructor(queue: EventQueue, random: Prng, size: number, deliver: (envelope: Envelope<M>) => void) {
    this.#queue = queue;
    this.#random = random;
    this.#size = size;
    this.#cuts = new Uint8Array(size * size);
    this.#holdOut = new Float64Array(size);
    this.#holdIn = new Float64Array(size);
    this.#arrive = (envelope) => {
      if (this.#isCut(envelope.from, envelope.to)) {
        this.counts.lost += 1;
        return;
      }
      this.counts.delivered += 1;
      deliver(envelope);
    };
  }

  send(from: number, to: number, message: M): void {
    this.counts.sent += 1;
    const { weather } = this;
    if (this.#isCut(from, to) || (weather.loss > 0 && this.#random.chance(weather.loss))) {
      this.counts.lost += 1;
      return;
    }
    const envelope: Envelope<M> = { from, to, message };
    this.#queue.after(this.#delayMs(from, to), this.#arrive, envelope);
    if (weather.duplicate > 0 && this.#random.chance(weather.duplicate)) {
      this.counts.doubled += 1;
      this.#queue.after(this.#delayMs(from, to) * this.#random.between(1, 3), this.#arrive, envelope);
    }
  }

  /** Whether a message from one host would reach the other now. */
  reaches(from: number, to: number): boolean {
    return !this.#isCut(from, to);
  }

  /** Cuts or (with -1) heals one direction. */
  cut(from: number, to: number, by: 1 | -1): void {
    const at = from * this.#size + to;
    this.#cuts[at] = Math.max(0, (this.#cuts[at] ?? 0) + by);
  }

  /** Cuts or heals both directions between every member of one side and everybody else. */
  partition(side: readonly number[], by: 1 | -1): void {
    for (const inside of side) {
      for (let outside = 0; outside < this.#size; outside++) {
        if (side.includes(outside)) continue;
        this.cut(inside, outside, by);
        this.cut(outside, inside, by);
      }
    }
  }

  /** Cuts or heals every link between two hosts: a switch without power. */
  outage(by: 1 | -1): void {
    for (let from = 0; from < this.#size; from++) {
      for (let to = 0; to < this.#size; to++) if (from !== to) this.cut(from, to, by);
    }
  }

  /** Adds a delay to everything a host sends and hears, in ms. */
  hold(host: number, outMs: number, inMs: number): void {
    this.#holdOut[host] = outMs;
    this.#holdIn[host] = inMs;
  }

  /** Ends every cut and every hold; the weather stays. */
  healAll(): void {
    this.#cuts.fill(0);
    this.#holdOut.fill(0);
    this.#holdIn.fill(0);
  }

  #delayMs(from: number, to: number): number {
    if (from === to) return 0.05;
    const { weather } = this;
    const held = (this.#holdOut[from] ?? 0) + (this.#holdIn[to] ?? 0);
    if (weather.late > 0 && this.#random.chance(weather.late)) {
      return held + this.#random.between(weather.delayHighMs, weather.lateMs);
    }
    return held + this.#random.between(weather.delayLowMs, weather.delayHighMs);
  }

  #isCut(from: number, to: number): boolean {
    return (this.#cuts[from * this.#size + to] ?? 0) > 0;
  }
}
