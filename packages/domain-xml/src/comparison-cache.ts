/**
 * Most passes find what the last one found. A cache remembers, for each thing that was looked at, the texts that went
 * in and the answer that came out, and hands the answer back while the texts are the same. Two strings that are the
 * same object are compared by identity, so a caller that keeps the texts pays next to nothing.
 */

interface Remembered {
  readonly texts: readonly string[];
  readonly answer: unknown;
}

/** Answers by key. One entry for each key, so it grows with the number of guests and not with time. */
export class ComparisonCache {
  readonly #entries = new Map<string, Remembered>();

  /** The remembered answer for `key` where it came from the same `texts`; otherwise that of `compute`, remembered. */
  remember<Answer>(key: string, texts: readonly string[], compute: () => Answer): Answer {
    const entry = this.#entries.get(key);
    if (entry !== undefined && sameTexts(entry.texts, texts)) return entry.answer as Answer;
    const answer = compute();
    this.#entries.set(key, { texts, answer });
    return answer;
  }

  /** Forgets every key that `isWanted` does not want: guests that are gone. */
  retain(isWanted: (key: string) => boolean): void {
    for (const key of this.#entries.keys()) {
      if (!isWanted(key)) this.#entries.delete(key);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}
