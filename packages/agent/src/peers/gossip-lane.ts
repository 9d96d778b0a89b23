/**
 * Gossip that came waits behind everything else.
 *
 * A vote or a renewal that is handled late costs a lease; gossip that is handled late costs nothing, and what is lost of it the digests
 * repair. When much changes at once, gossip is the most of what comes in. So it is taken in slices, after whatever else came
 * in the same turn; while this host is late with its work it gets one slice now and then, and the oldest makes room.
 */

/** Work on gossip in one turn of the event loop. Milliseconds. */
const sliceMs = 5;
/** Between two slices while this host is late with its work. Milliseconds. */
const pauseMs = 250;
/** Messages that wait at most: a fleet of ten says as much in some seconds when all its guests change. */
const waitingMax = 512;

/** What the lane needs. */
export interface GossipLaneParts<T> {
  readonly deliver: (item: T) => void;
  readonly onDropped: () => void;
  /** Whether this host is late with its work. */
  readonly isLagging: () => boolean;
}

/** One host's inbound gossip. */
export class GossipLane<T> {
  readonly #parts: GossipLaneParts<T>;
  #waiting: T[] = [];
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: GossipLaneParts<T>) {
    this.#parts = parts;
  }

  take(item: T): void {
    if (this.#waiting.length >= waitingMax) {
      this.#waiting.shift();
      this.#parts.onDropped();
    }
    this.#waiting.push(item);
    this.#schedule();
  }

  stop(): void {
    this.#waiting = [];
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#waiting.length === 0 || this.#immediate !== undefined || this.#timer !== undefined) return;
    if (this.#parts.isLagging()) this.#timer = setTimeout(() => this.#slice(), pauseMs);
    else this.#immediate = setImmediate(() => this.#slice());
  }

  #slice(): void {
    this.#immediate = undefined;
    this.#timer = undefined;
    const untilMs = performance.now() + sliceMs;
    try {
      do {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        this.#parts.deliver(next);
      } while (performance.now() < untilMs);
    } finally {
      this.#schedule();
    }
  }
}
