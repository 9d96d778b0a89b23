import type { XmlView } from "../../ports/hypervisor.ts";

/**
 * XML texts by UUID and view, each with what the bulk call said of its domain when it was read. A text is good while
 * no event and no change of our own touched its domain and the bulk call says the same. Not every change by others
 * sends an event (a live change of memory does not), so now and then everything is read anew.
 */
export class XmlCache {
  readonly #entries = new Map<string, { readonly [View in XmlView]?: CachedXml }>();
  readonly #passesUntilRefresh: number;
  #passes = 0;
  /** Counts events, so that a text that was asked for before an event is not kept after it. */
  readonly #generations = new Map<string, number>();

  /** @param passesUntilRefresh - every so many passes all texts are forgotten */
  constructor(passesUntilRefresh: number) {
    this.#passesUntilRefresh = passesUntilRefresh;
  }

  /** A new observation begins. */
  beginPass(): void {
    this.#passes += 1;
    if (this.#passes % this.#passesUntilRefresh === 0) this.#entries.clear();
  }

  get(uuid: string, view: XmlView, fingerprint: string): string | undefined {
    const entry = this.#entries.get(uuid)?.[view];
    return entry?.fingerprint === fingerprint ? entry.xml : undefined;
  }

  /** Reads the text and keeps it, unless something happened to the domain meanwhile. */
  async read(uuid: string, view: XmlView, fingerprint: string, fetch: () => Promise<string>): Promise<string> {
    const generation = this.#generations.get(uuid);
    const xml = await fetch();
    if (this.#generations.get(uuid) === generation) {
      this.#entries.set(uuid, { ...this.#entries.get(uuid), [view]: { fingerprint, xml } });
    }
    return xml;
  }

  /** Something happened to this one. */
  invalidate(uuid: string): void {
    this.#generations.set(uuid, (this.#generations.get(uuid) ?? 0) + 1);
    this.#entries.delete(uuid);
  }

  /** Forgets what is gone, so that the cache does not grow for ever. */
  retain(isThere: (uuid: string) => boolean): void {
    for (const uuid of this.#entries.keys()) if (!isThere(uuid)) this.#entries.delete(uuid);
    for (const uuid of this.#generations.keys()) if (!isThere(uuid)) this.#generations.delete(uuid);
  }
}

interface CachedXml {
  readonly fingerprint: string;
  readonly xml: string;
}
