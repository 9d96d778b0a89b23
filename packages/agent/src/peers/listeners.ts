/**
 * Who wants to be called back. A listener runs in a turn of its own, in order: what it throws is this agent's bug and ends the
 * agent, instead of being taken for a failure of the stream that the message came over.
 */
export class Listeners<A extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: A) => void>();

  add(listener: (...args: A) => void): () => void {
    const own = (...args: A) => listener(...args);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  emit(...args: A): void {
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(...args);
      });
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
