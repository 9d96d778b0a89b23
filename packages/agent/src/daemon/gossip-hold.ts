/**
 * Gossip that waits a moment before it is published.
 *
 * One guest that is claimed and started is news five times within some milliseconds, and each publication is signed, sent
 * to everybody, verified and passed on: work of about a millisecond on every host, just while votes about the same guest
 * are on their way. So pushes wait, the newest word of each key replaces the older one, and votes go first. Gossip may come
 * late or not at all, so nothing rests on when it leaves.
 */
import { entriesPerMessage, type GossipEntry, type GossipPush } from "@berth/claims";

/** How long news may wait. @default 20 ms: longer than a claim takes, and a hundredth of the pause between two digests */
export const gossipHoldMs = 20;

/** What waits to be published. */
export class GossipHold {
  readonly #publish: (push: GossipPush) => void;
  readonly #entries = new Map<string, GossipEntry>();
  #head: GossipPush | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(publish: (push: GossipPush) => void) {
    this.#publish = publish;
  }

  /** Takes a push; it leaves with the next publication. */
  take(push: GossipPush): void {
    const isNext = this.#head === undefined || this.#head.cfg === push.cfg;
    if (!isNext || this.#entries.size + push.entries.length > entriesPerMessage) this.flush();
    this.#head = push;
    for (const entry of push.entries) {
      const id = `${entry.origin}\n${entry.key}`;
      // Last said, last sent: a host speaks of its guests before it speaks of itself.
      this.#entries.delete(id);
      this.#entries.set(id, entry);
    }
    this.#timer ??= setTimeout(() => this.flush(), gossipHoldMs);
  }

  /** Publishes what waits, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const head = this.#head;
    if (head === undefined) return;
    const entries = [...this.#entries.values()];
    this.#head = undefined;
    this.#entries.clear();
    this.#publish({ ...head, entries });
  }
}
