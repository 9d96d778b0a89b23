/**
 * Gossip that waits a moment before it is published.
 *
 * One guest that is claimed and started is news five times within some milliseconds, and each publication is signed, sent
 * to everybody, verified and passed on: work of about a millisecond on every host, just while votes about the same guest
 * are on their way. So pushes wait, the newest word of each key replaces the older one, and votes go first. Gossip may come
 * late or not at all, so nothing rests on when it leaves.
 *
 * On a host that is short of time they wait longer: the timer itself tells, by coming late. What flips from one state to
 * another and back meanwhile is told once, so that a fleet in trouble does not drown in the news of it.
 */
import { entriesPerMessage, type GossipEntry, type GossipPush } from "@berth/claims";

/** How long news waits on a calm host. @default 20 ms: longer than a claim takes, and a hundredth of the pause between two digests */
export const gossipHoldMs = 20;
/** How long at most. @default 2 s: the pause between two digests, and two of them before a silent host is no longer believed */
export const gossipHoldMostMs = 2_000;
/** A timer that is later than this tells of a loop that is held up; less is a busy moment of the machine. Milliseconds. */
const lateMs = 25;
/** How many times the timer's lateness news waits, so that publishing takes a tenth of the loop's time at most. */
const patience = 10;

/** What waits to be published. */
export class GossipHold {
  readonly #publish: (push: GossipPush) => void;
  readonly #clock: () => number;
  readonly #entries = new Map<string, GossipEntry>();
  #head: GossipPush | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holdMs = gossipHoldMs;
  #dueMs = 0;

  /** @param clock milliseconds that pass, from any beginning */
  constructor(publish: (push: GossipPush) => void, clock: () => number = () => performance.now()) {
    this.#publish = publish;
    this.#clock = clock;
  }

  /** Takes a push; it leaves with the next publication. */
  take(push: GossipPush): void {
    this.#head = push;
    for (const entry of push.entries) {
      const id = `${entry.origin}\n${entry.key}`;
      // Last said, last sent: a host speaks of its guests before it speaks of itself.
      this.#entries.delete(id);
      this.#entries.set(id, entry);
    }
    if (this.#timer !== undefined) return;
    this.#dueMs = this.#clock() + this.#holdMs;
    this.#timer = setTimeout(() => this.#fire(), this.#holdMs);
  }

  /** Publishes what waits, now: in as many messages as it needs, under the newest configuration. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const head = this.#head;
    if (head === undefined) return;
    const entries = [...this.#entries.values()];
    this.#head = undefined;
    this.#entries.clear();
    for (let at = 0; at < entries.length; at += entriesPerMessage) {
      this.#publish({ ...head, entries: entries.slice(at, at + entriesPerMessage) });
    }
  }

  #fire(): void {
    const byMs = this.#clock() - this.#dueMs;
    const wantedMs = byMs > lateMs ? byMs * patience : this.#holdMs / 2;
    this.#holdMs = Math.min(gossipHoldMostMs, Math.max(gossipHoldMs, wantedMs));
    this.flush();
  }
}
