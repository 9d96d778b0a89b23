/**
 * All guests of this host, looked at whenever something about them may have changed: the level, never the edge. Each look
 * compares what policy wants, what the registers say, what runs and whether the lease holds, and orders at most one act.
 */
import type { Outcome } from "../claimant/try.ts";
import type { GossipEntry } from "../messages.ts";
import type { Act, DeadManFeed } from "../ready.ts";
import type { DurableRecord } from "../records.ts";
import { Schedule } from "../schedule.ts";
import type { Now } from "../time.ts";
import type { GuestId, GuestObservation, HostId, PromisedGuest } from "../words.ts";
import { failuresBeforeAlarm, onActDone, onLook } from "./acts.ts";
import { bidMs, endAdoption } from "./adoption.ts";
import { guestAdvert, hostAdvert, learnFromGossip } from "./adverts.ts";
import { DuplicateWatch } from "./duplicates.ts";
import { evaluate } from "./evaluate.ts";
import { LoadCount } from "./load.ts";
import { onOutcome } from "./outcomes.ts";
import { type GuestParts, hasRoom, roomLeft } from "./parts.ts";
import { clearOldIncarnation } from "./rebirth.ts";
import { type GuestState, guestKey, isActive, newGuestState } from "./state.ts";

/** In so long every guest is looked at once, whether anything asks for it or not. Milliseconds. */
const sweepMs = 5_000;

/** All guests of one host. */
export class Guests {
  readonly parts: GuestParts;
  readonly #dirty = new Set<GuestId>();
  readonly #toAdvertise = new Set<GuestId>();
  readonly #schedule = new Schedule();
  /** Guests whose turn it is, once there is room for them; the longest waiting first. */
  readonly #awaitRoom = new Set<GuestId>();
  #sweep: Iterator<GuestId> | undefined;
  #sweptMs: number | undefined;
  /** The guest that is being looked at, and the earliest moment for which this look has asked. */
  #looking: { readonly g: GuestState; wakeMs: number } | undefined;
  readonly #promisedEver = new Set<GuestId>();
  readonly #lives = new Map<HostId, number>();
  readonly #duplicates: DuplicateWatch;
  readonly #load: LoadCount;
  /** The dead-man's file must be written again. */
  feedDirty = true;
  /** This host's advert may have changed. */
  hostDirty = true;

  constructor(components: Omit<GuestParts, "all" | "wakeGuest" | "awaitRoom" | "feedChanged" | "advertChanged">) {
    this.parts = {
      ...components,
      all: new Map(),
      awaitRoom: (g) => this.#awaitRoom.add(g.guest),
      wakeGuest: (g, atMs) => this.#wake(g, atMs),
      feedChanged: () => {
        this.feedDirty = true;
      },
      advertChanged: (g) => {
        this.#toAdvertise.add(g.guest);
      },
    };
    this.#duplicates = new DuplicateWatch(this.parts);
    this.#load = new LoadCount(components);
  }

  /** One moment per guest: the earliest of those that one look asks for, and in place of what the look before asked for. */
  #wake(g: GuestState, atMs: number): void {
    const looking = this.#looking?.g === g ? this.#looking : undefined;
    if (looking !== undefined) looking.wakeMs = Math.min(looking.wakeMs, atMs);
    this.#schedule.set(g.guest, looking?.wakeMs ?? atMs);
  }

  /** Boot-time moment of the next look at some guest. */
  get nextMs(): number {
    const isDue = this.#dirty.size > 0 || (this.#awaitRoom.size > 0 && hasRoom(this.parts.here));
    return isDue ? 0 : this.#schedule.nextMs;
  }

  #of(guest: GuestId): GuestState {
    const found = this.parts.all.get(guest);
    if (found !== undefined) return found;
    const made = newGuestState(guest);
    this.parts.all.set(guest, made);
    return made;
  }

  /** What the last life left behind; `feed` when it was the same boot. */
  load(durable: readonly DurableRecord[], feed: DeadManFeed | undefined): void {
    for (const record of durable) {
      if (record.kind === "owned" && record.value !== null) {
        const g = this.#of(record.guest);
        g.owned = record.value;
        const { inc, epoch, runId } = record.value;
        g.known = { owner: this.parts.self, inc, epoch, runId };
        this.#toAdvertise.add(record.guest);
        g.nextTryMs = record.value.by === "gossip" ? this.parts.here.startedMs + bidMs : 0;
      } else if (record.kind === "released" && record.value !== null) this.#of(record.guest).released = record.value;
      else if (record.kind === "adopting" && record.value !== null)
        this.#of(record.guest).adopting = { untilMs: this.parts.here.startedMs + bidMs };
      else if (record.kind === "promised") for (const name of record.value) this.#promisedEver.add(name);
    }
    for (const guest of feed?.guests ?? []) {
      const g = this.#of(guest.guest);
      g.resumeInFlight = guest.resumeInFlight;
      g.earlier = guest;
    }
    this.touchAll();
  }

  touch(guest: GuestId): void {
    this.#dirty.add(guest);
  }

  /** Guests that are known to be owned by one of these hosts. */
  touchOwnedBy(hosts: ReadonlySet<HostId>): void {
    for (const g of this.parts.all.values()) {
      const owner = g.known?.owner ?? null;
      if (owner !== null && hosts.has(owner)) this.#dirty.add(g.guest);
    }
  }

  touchAll(): void {
    for (const guest of this.parts.all.keys()) this.#dirty.add(guest);
  }

  /** The lease came or went: what waited for one is tried at once. */
  onLeaseChange(): void {
    for (const g of this.parts.all.values()) if (g.owned === undefined) g.nextTryMs = 0;
    this.hostDirty = true;
    this.touchAll();
  }

  onPolicy(promised: readonly PromisedGuest[], now: Now): void {
    this.parts.here.policySeen = true;
    const names = new Set(promised.map((p) => p.guest));
    for (const g of this.parts.all.values())
      if (g.promise !== undefined && !names.has(g.guest)) {
        g.promise = undefined;
        this.#toAdvertise.add(g.guest);
      }
    for (const promise of promised) {
      const g = this.#of(promise.guest);
      if (g.lastPromise?.eligible !== promise.eligible) g.startFailures = 0;
      if (!this.#promisedEver.has(promise.guest)) g.isNew = true;
      if (promise.wanted !== "down" && (g.promise?.wanted ?? "down") === "down") g.wantedSinceMs = now.bootMs;
      g.promise = promise;
      g.lastPromise = promise;
      if (isActive(g)) this.#toAdvertise.add(g.guest);
    }
    // Before the first look nobody knows what runs: a life that ends before it must leave these names new to the next one.
    if (this.parts.here.observedOnce) this.#rememberPromised(names);
    this.parts.here.matches = [...new Set(promised.filter((p) => p.eligible).map((p) => p.placementKey))].sort();
    this.parts.here.wanted = promised.filter((p) => p.wanted !== "down").length;
    this.feedDirty = true;
    this.hostDirty = true;
    this.touchAll();
  }

  /** Names only grow: a guest that was promised once is never again production from before Berth. */
  #rememberPromised(names: ReadonlySet<GuestId>): void {
    const before = this.#promisedEver.size;
    for (const name of names) this.#promisedEver.add(name);
    if (this.#promisedEver.size > before)
      this.parts.outbox.persist({ kind: "promised", value: [...this.#promisedEver].sort() });
  }

  /** The whole list. A guest that is not in it is off. */
  onObserved(observed: readonly GuestObservation[]): void {
    const { here } = this.parts;
    const first = !here.observedOnce;
    const seen = new Set<GuestId>();
    for (const observation of observed) {
      seen.add(observation.guest);
      this.#look(this.#of(observation.guest), observation);
    }
    for (const g of this.parts.all.values())
      if (!seen.has(g.guest) && (g.observed !== undefined || g.awaitsLook)) this.#look(g, undefined);
    here.observedOnce = true;
    if (!first) return;
    const promised = [...this.parts.all.values()].filter((g) => g.promise !== undefined);
    this.#rememberPromised(new Set(promised.map((g) => g.guest)));
    this.touchAll();
  }

  #look(g: GuestState, observation: GuestObservation | undefined): void {
    const before = g.observed;
    g.observed = observation?.state === "off" ? undefined : observation;
    const changed = before?.state !== g.observed?.state || before?.process?.pid !== g.observed?.process?.pid;
    if (!changed && !g.awaitsLook && g.forced === undefined && !g.resumeInFlight && observation?.autostart !== true)
      return;
    const inFlight = g.resumeInFlight;
    onLook(g);
    if (changed || inFlight !== g.resumeInFlight) this.feedDirty = true;
    if (changed) {
      this.#toAdvertise.add(g.guest);
      g.failures = 0;
    }
    if (g.observed === undefined) g.lostTo = undefined;
    if (g.observed === undefined) {
      endAdoption(this.parts, g);
      g.earlier = undefined;
    }
    if (observation?.autostart === true && g.promise !== undefined)
      this.parts.outbox.act({ kind: "clear-autostart", guest: g.guest, why: "Berth decides where it starts" });
    this.touch(g.guest);
  }

  onActDone(act: Act, outcome: "done" | "failed", reason: string | undefined, now: Now): void {
    const g = this.#of(act.guest);
    onActDone(g, act, outcome, this.parts.here.hypervisorUp, now);
    if (outcome === "failed" && g.failures === failuresBeforeAlarm) this.#alarmStuck(g, act);
    if (outcome === "failed")
      this.parts.outbox.note({
        level: "warning",
        code: "ACT_FAILED",
        guest: act.guest,
        text: `${act.kind} failed${reason === undefined ? "" : `: ${reason}`}`,
      });
    this.touch(act.guest);
  }

  /** Nobody else may have it while its process is there: only a person, or a reset of the host, can help. */
  #alarmStuck({ guest }: GuestState, { kind }: Act): void {
    const text = `${guest} does not answer: ${kind} failed ${failuresBeforeAlarm} times; its process may be stuck in the kernel`;
    this.parts.outbox.note({ level: "alarm", code: "GUEST_STUCK", guest, text });
  }

  onNews(news: readonly GossipEntry[], now: Now): void {
    for (const entry of news) {
      if (entry.body?.kind === "host") {
        if (entry.origin !== this.parts.self) this.parts.gathering.onHost(entry.origin, entry.body.leased, now);
        this.#onHostHeard(entry);
        continue;
      }
      const guest = entry.body?.guest ?? entry.key.slice(guestKey("").length);
      const g = this.parts.all.get(guest);
      if (g !== undefined && learnFromGossip(this.parts, g, entry, now)) this.#toAdvertise.add(guest);
      if (g !== undefined) this.touch(guest);
      if (entry.body !== null) this.#duplicates.look(entry.body.uuid, guest, now);
    }
  }

  /** A host began a new life: what it is known to own and does not speak of is told to it, for it may have forgotten. */
  #onHostHeard(entry: GossipEntry): void {
    if (entry.origin === this.parts.self || this.#lives.get(entry.origin) === entry.life) return;
    this.#lives.set(entry.origin, entry.life);
    for (const g of this.parts.all.values()) if (g.known?.owner === entry.origin) this.#toAdvertise.add(g.guest);
  }

  onOutcomes(outcomes: readonly Outcome[], now: Now): void {
    for (const outcome of outcomes) {
      onOutcome(this.parts, this.#of(outcome.guest), outcome, now);
      this.touch(outcome.guest);
    }
  }

  /** An operator's wish about one guest. */
  wish(guest: GuestId, wish: { readonly kind: "release"; readonly to?: HostId } | { readonly kind: "claim" }): void {
    const g = this.#of(guest);
    if (wish.kind === "release" && g.owned !== undefined) g.release = { to: wish.to };
    if (wish.kind === "claim") g.wished = true;
    g.nextTryMs = 0;
    this.touch(guest);
  }

  /** Another configuration holds, with another profile perhaps: the dead-man's file names its times. */
  onConfigChange(): void {
    this.feedDirty = true;
    this.touchAll();
  }

  /** Everything of the old incarnation off and forgotten? */
  clearOldIncarnation(now: Now): boolean {
    return clearOldIncarnation(this.parts, now);
  }

  /** Looks at every guest that is due or was touched. `clearing`: an old incarnation is being taken down, owned guests wait. */
  run(now: Now, clearing: boolean): void {
    for (const name of this.#schedule.take(now.bootMs)) this.#dirty.add(name);
    this.#takeSome(now);
    this.#admit();
    const names = [...this.#dirty];
    this.#dirty.clear();
    for (const name of names) {
      const g = this.parts.all.get(name);
      if (g === undefined || (clearing && g.owned !== undefined)) continue;
      this.#looking = { g, wakeMs: Number.POSITIVE_INFINITY };
      evaluate(this.parts, g, now);
      this.#looking = undefined;
      this.#load.count(g);
    }
  }

  /** Every guest is looked at once in a while, so that nothing hangs on a wake that nobody thought of: some with each step. */
  #takeSome(now: Now): void {
    const { all } = this.parts;
    const count = Math.floor((all.size * (now.bootMs - (this.#sweptMs ?? now.bootMs))) / sweepMs);
    if (this.#sweptMs !== undefined && count < 1 && all.size > 0) return;
    this.#sweptMs = now.bootMs;
    for (let n = Math.min(count, all.size); n > 0; n -= 1) {
      this.#sweep ??= all.keys();
      const next = this.#sweep.next();
      if (next.done === true) this.#sweep = undefined;
      else this.#dirty.add(next.value);
    }
  }

  /** Guests that waited for room are looked at again as far as there is some. */
  #admit(): void {
    let room = this.#awaitRoom.size === 0 ? 0 : roomLeft(this.parts.here);
    for (const name of this.#awaitRoom) {
      if (room <= 0) return;
      room -= 1;
      this.#awaitRoom.delete(name);
      this.#dirty.add(name);
    }
  }

  /** Gossips what changed. */
  advertise(now: Now): void {
    for (const guest of this.#toAdvertise) {
      const g = this.parts.all.get(guest);
      if (g === undefined) continue;
      this.parts.gossip.advertise(guestKey(guest), guestAdvert(this.parts, g));
      if (g.observed !== undefined) this.#duplicates.look(g.observed.uuid, guest, now);
    }
    this.#toAdvertise.clear();
    const loadChanged = this.#load.takeNews();
    if (!this.hostDirty && !loadChanged) return;
    this.hostDirty = false;
    this.parts.gossip.advertise("host", hostAdvert(this.parts, now));
  }
}
