/**
 * Everything that was gossiped, newest word per origin and key, with one digest per bucket.
 *
 * Two agents compare 64 numbers; where they differ they compare what is in the bucket, and send each other the rest
 * (anti-entropy). A digest is the exclusive or of its entries' hashes, so a change costs two hashes. A new life of an origin
 * withdraws what its earlier lives said.
 */
import type { GossipEntry, GuestAdvert, HostAdvert } from "../messages.ts";
import { hashText, mix } from "../placement/rendezvous.ts";
import type { GuestId, HostId } from "../words.ts";

/** Buckets of the digest. */
export const bucketCount = 64;

/** One origin's word about one guest. */
export interface HeardGuest {
  readonly origin: HostId;
  readonly advert: GuestAdvert;
}

/** The store of one host. */
export class GossipStore {
  readonly #entries = new Map<string, GossipEntry>();
  readonly #digests = new Uint32Array(bucketCount);
  readonly #buckets: Set<string>[] = Array.from({ length: bucketCount }, () => new Set());
  readonly #lives = new Map<HostId, number>();
  readonly #byGuest = new Map<GuestId, Map<HostId, GuestAdvert>>();
  readonly #byUuid = new Map<string, Set<string>>();
  readonly #hosts = new Map<HostId, HostAdvert>();

  /** Takes an entry; true when it was news. */
  apply(entry: GossipEntry): boolean {
    const life = this.#lives.get(entry.origin) ?? 0;
    if (entry.life < life) return false;
    if (entry.life > life) this.#beginLife(entry.origin, entry.life);
    const id = entryId(entry.origin, entry.key);
    const old = this.#entries.get(id);
    if (old !== undefined && old.seq >= entry.seq) return false;
    if (old !== undefined) this.#remove(id, old);
    this.#entries.set(id, entry);
    this.#toggle(id, entry);
    this.#buckets[bucketOf(id)]?.add(id);
    this.#index(entry);
    return true;
  }

  get(origin: HostId, key: string): GossipEntry | undefined {
    return this.#entries.get(entryId(origin, key));
  }

  /** What hosts say of themselves. */
  get hosts(): ReadonlyMap<HostId, HostAdvert> {
    return this.#hosts;
  }

  /** What each origin says of one guest. */
  guest(guest: GuestId): ReadonlyMap<HostId, GuestAdvert> {
    return this.#byGuest.get(guest) ?? emptyAdverts;
  }

  /** Everything that is said of one UUID, whatever the guests are called. */
  uuid(uuid: string): readonly HeardGuest[] {
    const heard: HeardGuest[] = [];
    for (const id of this.#byUuid.get(uuid) ?? []) {
      const entry = this.#entries.get(id);
      if (entry?.body?.kind === "guest") heard.push({ origin: entry.origin, advert: entry.body });
    }
    return heard;
  }

  get digests(): readonly number[] {
    return [...this.#digests];
  }

  /** Buckets whose digest differs from a peer's. */
  differing(digests: readonly number[]): readonly number[] {
    const buckets: number[] = [];
    for (let b = 0; b < bucketCount; b += 1) if (digests[b] !== this.#digests[b]) buckets.push(b);
    return buckets;
  }

  /** All entries of some buckets. */
  inBuckets(buckets: readonly number[]): readonly GossipEntry[] {
    const found: GossipEntry[] = [];
    for (const bucket of buckets)
      for (const id of this.#buckets[bucket] ?? []) {
        const entry = this.#entries.get(id);
        if (entry !== undefined) found.push(entry);
      }
    return found;
  }

  all(): readonly GossipEntry[] {
    return [...this.#entries.values()];
  }

  #beginLife(origin: HostId, life: number): void {
    this.#lives.set(origin, life);
    for (const [id, entry] of this.#entries) if (entry.origin === origin) this.#remove(id, entry);
  }

  #remove(id: string, entry: GossipEntry): void {
    this.#entries.delete(id);
    this.#toggle(id, entry);
    this.#buckets[bucketOf(id)]?.delete(id);
    const { body, origin } = entry;
    if (body?.kind === "host") this.#hosts.delete(origin);
    if (body?.kind !== "guest") return;
    this.#byGuest.get(body.guest)?.delete(origin);
    this.#byUuid.get(body.uuid)?.delete(id);
  }

  #index(entry: GossipEntry): void {
    const { body, origin } = entry;
    if (body?.kind === "host") this.#hosts.set(origin, body);
    if (body?.kind !== "guest") return;
    put(this.#byGuest, body.guest, () => new Map<HostId, GuestAdvert>()).set(origin, body);
    put(this.#byUuid, body.uuid, () => new Set<string>()).add(entryId(origin, entry.key));
  }

  #toggle(id: string, entry: GossipEntry): void {
    const bucket = bucketOf(id);
    const hash = mix(hashText(id) ^ mix(entry.seq + Math.imul(entry.life, 0x9e3779b1)));
    this.#digests[bucket] = (this.#digests[bucket] ?? 0) ^ hash;
  }
}

const emptyAdverts: ReadonlyMap<HostId, GuestAdvert> = new Map();

/** The bucket that an entry's id falls into. */
export function bucketOf(id: string): number {
  return hashText(id) % bucketCount;
}

/** One id per origin and key. */
export function entryId(origin: HostId, key: string): string {
  return `${origin}\n${key}`;
}

function put<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
