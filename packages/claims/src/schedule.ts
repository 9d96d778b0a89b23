/** When each name is due: a binary heap with lazy deletion, so that ten thousand guests cost a step nothing. */
export class Schedule {
  readonly #due = new Map<string, number>();
  readonly #heap: { readonly atMs: number; readonly name: string }[] = [];

  /** Sets the moment (boot-time) of a name; the earlier one is forgotten. Infinity takes it off. */
  set(name: string, atMs: number): void {
    if (this.#due.get(name) === atMs) return;
    if (!Number.isFinite(atMs)) {
      this.#due.delete(name);
      return;
    }
    this.#due.set(name, atMs);
    this.#push({ atMs, name });
  }

  /** The earliest moment, infinity when nothing is due. */
  get nextMs(): number {
    this.#dropStale();
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes off and returns every name that is due. */
  take(nowMs: number): readonly string[] {
    const names: string[] = [];
    for (;;) {
      this.#dropStale();
      const top = this.#heap[0];
      if (top === undefined || top.atMs > nowMs) return names;
      this.#due.delete(top.name);
      this.#pop();
      names.push(top.name);
    }
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#due.get(top.name) !== top.atMs; top = this.#heap[0])
      this.#pop();
  }

  #push(entry: { readonly atMs: number; readonly name: string }): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || parent.atMs <= entry.atMs) break;
      heap[at] = parent;
      heap[up] = entry;
      at = up;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const left = heap[down];
      const right = heap[down + 1];
      if (left === undefined) break;
      let child = left;
      if (right !== undefined && right.atMs < left.atMs) {
        child = right;
        down += 1;
      }
      if (child.atMs >= last.atMs) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
  }
}
