/**
 * Virtual time. The queue holds what is going to happen; taking the earliest entry *is* the passing of time.
 *
 * A binary heap over one array of objects that all have the same shape, ordered by time and then by the order in which
 * they were scheduled, so that equal times have one answer. A handler is a function made once per kind of event and the
 * payload travels beside it: no closure is made per event. Cancelling marks the entry; it is skipped when it comes up.
 */
export interface Scheduled {
  /** Virtual true time in ms. */
  readonly at: number;
  readonly order: number;
  /** Cleared by {@link EventQueue.cancel}. */
  live: boolean;
  readonly handler: (payload: never) => void;
  readonly payload: unknown;
}

/** What is going to happen, earliest first. */
export class EventQueue {
  #heap: Scheduled[] = [];
  #order = 0;
  #nowMs = 0;

  /** Virtual true time, in ms since the beginning of the run. No host can read it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** How many entries were ever scheduled. */
  get scheduled(): number {
    return this.#order;
  }

  /** Schedules `handler(payload)`; a time in the past means now. */
  at<T>(atMs: number, handler: (payload: T) => void, payload: T): Scheduled {
    const at = Math.max(atMs, this.#nowMs);
    const entry: Scheduled = { at, order: this.#order++, live: true, handler: handler as (p: never) => void, payload };
    this.#push(entry);
    return entry;
  }

  after<T>(delayMs: number, handler: (payload: T) => void, payload: T): Scheduled {
    return this.at(this.#nowMs + delayMs, handler, payload);
  }

  cancel(entry: Scheduled | undefined): void {
    if (entry !== undefined) entry.live = false;
  }

  /** Runs the next live entry not later than `untilMs`. False when there is none; time then stands at `untilMs`. */
  runNext(untilMs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#pop();
      if (!next.live) continue;
      this.#nowMs = next.at;
      next.live = false;
      (next.handler as (payload: unknown) => void)(next.payload);
      return true;
    }
  }

  #push(entry: Scheduled): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Scheduled;
      if (parent.at < entry.at || (parent.at === entry.at && parent.order < entry.order)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Scheduled;
    const size = heap.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      let child = heap[down] as Scheduled;
      const right = heap[down + 1];
      if (right !== undefined && (right.at < child.at || (right.at === child.at && right.order < child.order))) {
        child = right;
        down += 1;
      }
      if (last.at < child.at || (last.at === child.at && last.order < child.order)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
  }
}
