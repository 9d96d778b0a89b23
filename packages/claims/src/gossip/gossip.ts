/**
 * Spreading what each host knows: pushed when it changes, repaired by digests, complete on connect (section 8).
 *
 * Gossip is for placement, for status and for finding duplicates. In quorum mode it never grants anything: whoever acts on
 * it asks the voters first.
 */
import type { HeardEntry } from "../host.ts";
import type { Membership } from "../membership.ts";
import {
  entriesPerMessage,
  type GossipEntry,
  type GossipMessage,
  type GuestAdvert,
  type HostAdvert,
} from "../messages.ts";
import type { Outbox } from "../outbox.ts";
import type { Random } from "../random.ts";
import type { Now } from "../time.ts";
import type { HostId } from "../words.ts";
import { GossipStore } from "./store.ts";

/** A: digests go to one random peer this often. */
export const gossipMs = 2_000;
/** From this many hosts on, host adverts are refreshed more slowly, so that the fleet's traffic grows by n and not n x n. */
const refreshHosts = 30;
/** Entries named in one summary: 400 of at most 150 bytes stay below 64 KiB. */
const summaryEntries = 400;

/** What gossip needs of its host. */
export interface GossipParts {
  readonly outbox: Outbox;
  readonly membership: Membership;
  readonly random: Random;
}

/** One host's gossip: what it says, what it heard, and to whom it repeats it. */
export class Gossip {
  readonly store = new GossipStore();
  readonly #parts: GossipParts;
  readonly #self: HostId;
  /** The agent's life, or one above what others still hold of a disk that was wiped since. */
  #life: number;
  readonly #peers = new Set<HostId>();
  readonly #heardMs = new Map<HostId, number>();
  readonly #pending = new Map<string, GossipEntry>();
  readonly #texts = new Map<string, string>();
  readonly #arrivedMs = new WeakMap<GossipEntry, number>();
  #news: GossipEntry[] = [];
  #seq = 0;
  #nextDigestMs: number;
  #nextRefreshMs: number;

  constructor(parts: GossipParts, init: { readonly self: HostId; readonly life: number }, now: Now) {
    this.#parts = parts;
    this.#self = init.self;
    this.#life = init.life;
    this.#nextDigestMs = now.bootMs + gossipMs * parts.random.next();
    this.#nextRefreshMs = now.bootMs + gossipMs;
  }

  get nextWakeMs(): number {
    return Math.min(this.#nextDigestMs, this.#nextRefreshMs);
  }

  /** How often a host repeats that it is there. Milliseconds. */
  get refreshMs(): number {
    return gossipMs * Math.max(1, this.store.hosts.size / refreshHosts);
  }

  /** Boot-time moment at which a host was last heard of, by itself or through others. */
  heardMs(host: HostId): number | undefined {
    return host === this.#self ? Number.POSITIVE_INFINITY : this.#heardMs.get(host);
  }

  /** Boot-time moment at which its newest word about a key came, by itself or through others. */
  arrivedMs(host: HostId, key: string): number | undefined {
    const entry = this.store.get(host, key);
    return entry === undefined ? undefined : this.#arrivedMs.get(entry);
  }

  /** Says something, or with `null` withdraws it; nothing happens when it was said before. */
  advertise(key: string, body: HostAdvert | GuestAdvert | null): void {
    const text = body === null ? "" : JSON.stringify(body);
    if ((this.#texts.get(key) ?? "") === text) return;
    this.#texts.set(key, text);
    this.#say(key, body);
  }

  #say(key: string, body: HostAdvert | GuestAdvert | null): void {
    this.#seq += 1;
    const entry: GossipEntry = { origin: this.#self, life: this.#life, seq: this.#seq, key, body };
    this.store.apply(entry);
    this.#pending.set(key, entry);
  }

  /** Everything that is in the store, with its age here. */
  heard(now: Now): readonly HeardEntry[] {
    return this.store.all().map((entry) => {
      const arrivedMs = this.#arrivedMs.get(entry) ?? now.bootMs;
      return { entry, ageMs: entry.origin === this.#self ? 0 : now.bootMs - arrivedMs };
    });
  }

  /** News since the last call, other hosts' only. */
  takeNews(): readonly GossipEntry[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** Publishes what changed in this step, the host's own advert last: a new life speaks of its guests first. */
  flush(): void {
    if (this.#pending.size === 0) return;
    const entries = [...this.#pending.values()].sort((a, b) => Number(a.key === "host") - Number(b.key === "host"));
    this.#pending.clear();
    this.#push("*", entries);
  }

  tick(now: Now): void {
    if (now.bootMs >= this.#nextRefreshMs) {
      this.#nextRefreshMs = now.bootMs + this.refreshMs;
      const own = this.store.get(this.#self, "host")?.body;
      if (own?.kind === "host") this.#say("host", own);
    }
    if (now.bootMs < this.#nextDigestMs) return;
    this.#nextDigestMs = now.bootMs + gossipMs;
    const peer = this.#parts.random.pick([...this.#peers]);
    if (peer !== undefined) this.#sendDigest(peer);
  }

  /** A connection came up: a full exchange, begun by both sides. */
  onConnected(peer: HostId): void {
    if (peer === this.#self) return;
    this.#peers.add(peer);
    this.#sendDigest(peer);
  }

  onMessage(from: HostId, message: GossipMessage, now: Now): void {
    if (from === this.#self) return;
    this.#peers.add(from);
    switch (message.kind) {
      case "gossip-push":
        for (const entry of message.entries) this.#receive(entry, now);
        return;
      case "gossip-digest":
        this.#sendSummary(from, this.store.differing(message.digests));
        return;
      case "gossip-summary":
        this.#compare(from, message.buckets, message.have);
        return;
      case "gossip-want": {
        const found = message.want.map(({ origin, key }) => this.store.get(origin, key));
        this.#push(
          from,
          found.filter((e): e is GossipEntry => e !== undefined),
        );
        return;
      }
    }
  }

  #receive(entry: GossipEntry, now: Now): void {
    // What others still hold of our own earlier lives is only a hint; it must not stand beside our own word.
    if (entry.origin !== this.#self && !this.store.apply(entry)) return;
    if (entry.origin === this.#self && entry.life > this.#life) this.#rise(entry.life);
    if (entry.origin === this.#self && entry.life >= this.#life) return;
    this.#arrivedMs.set(entry, now.bootMs);
    if (entry.key === "host") this.#heardMs.set(entry.origin, now.bootMs);
    this.#news.push(entry);
  }

  /**
   * Others hold a higher life of this host than its own: its disk was wiped, and a first life is drawn at random. Below theirs it
   * would never be heard again, so it goes above and says everything once more.
   */
  #rise(life: number): void {
    const said = [...this.#texts.keys()].map((key) => [key, this.store.get(this.#self, key)?.body] as const);
    this.#life = life + 1;
    for (const [key, body] of said) if (body !== undefined) this.#say(key, body);
  }

  #compare(from: HostId, buckets: readonly number[], have: readonly Version[]): void {
    const theirs = new Map(have.map((v) => [`${v.origin}\n${v.key}`, v]));
    const newer = this.store
      .inBuckets(buckets)
      .filter((mine) => isNewer(mine, theirs.get(`${mine.origin}\n${mine.key}`)));
    const want = have.filter((v) => isNewer(v, this.store.get(v.origin, v.key)));
    this.#push(from, newer);
    for (let at = 0; at < want.length; at += summaryEntries)
      this.#parts.outbox.send(from, {
        kind: "gossip-want",
        ...this.#head(),
        want: want.slice(at, at + summaryEntries).map(({ origin, key }) => ({ origin, key })),
      });
  }

  #sendDigest(peer: HostId): void {
    this.#parts.outbox.send(peer, { kind: "gossip-digest", ...this.#head(), digests: this.store.digests });
  }

  /** What this host has in the buckets that differ; whole buckets per message, so that absence means something. */
  #sendSummary(peer: HostId, buckets: readonly number[]): void {
    let batch: number[] = [];
    let have: Version[] = [];
    const flush = () => {
      if (batch.length > 0)
        this.#parts.outbox.send(peer, { kind: "gossip-summary", ...this.#head(), buckets: batch, have });
      batch = [];
      have = [];
    };
    for (const bucket of buckets) {
      const entries = this.store.inBuckets([bucket]);
      if (have.length + entries.length > summaryEntries) flush();
      batch.push(bucket);
      have.push(...entries.map(({ origin, key, life, seq }) => ({ origin, key, life, seq })));
    }
    flush();
  }

  #push(to: HostId | "*", entries: readonly GossipEntry[]): void {
    for (let at = 0; at < entries.length; at += entriesPerMessage)
      this.#parts.outbox.send(to, {
        kind: "gossip-push",
        ...this.#head(),
        entries: entries.slice(at, at + entriesPerMessage),
      });
  }

  #head() {
    return { fleet: this.#parts.membership.fleet, cfg: this.#parts.membership.config.number };
  }
}

interface Version {
  readonly origin: HostId;
  readonly key: string;
  readonly life: number;
  readonly seq: number;
}

function isNewer(a: Pick<Version, "life" | "seq">, b: Pick<Version, "life" | "seq"> | undefined): boolean {
  return b === undefined || a.life > b.life || (a.life === b.life && a.seq > b.seq);
}
