import { ComparisonCache } from "@berth/domain-xml";

/** Comparisons remembered between the passes of one process, per connection. */
export class ConnectionCaches {
  readonly #byUri = new Map<string, ComparisonCache>();

  of(uri: string): ComparisonCache {
    let cache = this.#byUri.get(uri);
    if (cache === undefined) {
      cache = new ComparisonCache();
      this.#byUri.set(uri, cache);
    }
    return cache;
  }
}
