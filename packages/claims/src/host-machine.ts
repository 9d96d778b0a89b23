/**
 * The small machines of one host put together. Each event goes to those it concerns; then everything that is due is done,
 * and whatever came of it is in the outbox, in order. Nothing here decides anything about safety.
 */
import type { HostEvent, OperatorCommand, StartEvent } from "./events.ts";
import { buildFeed } from "./guests/feed.ts";
import type { GuestView, HeardEntry, Host, HostInit, HostStanding, HostView } from "./host.ts";
import type { Life } from "./life.ts";
import { onConfigChange, onMessage } from "./on-message.ts";
import { Outbox } from "./outbox.ts";
import { Random } from "./random.ts";
import type { Ready } from "./ready.ts";
import type { Rules } from "./rules.ts";
import { type LifeComponents, startLife } from "./start-life.ts";
import type { Now } from "./time.ts";
import { guestView, hostStanding, hostView } from "./view.ts";
import type { GuestId, HostId } from "./words.ts";

/** One agent's whole protocol machine; see `host.ts` for how it is driven. */
export class HostMachine implements Host {
  readonly #init: HostInit;
  readonly #outbox: Outbox;
  readonly #components: LifeComponents;
  #life: Life | undefined;
  #wasLeased = false;
  #fedUntilMs = Number.NaN;
  #nextWakeMs: number | undefined;

  constructor(components: { readonly rules: Rules }, init: HostInit) {
    const { rules } = components;
    this.#init = init;
    this.#outbox = new Outbox({ rules });
    this.#components = { rules, outbox: this.#outbox, random: new Random(init.seed) };
  }

  step(event: HostEvent, now: Now): void {
    if (event.kind === "start") this.#life = startLife(this.#components, this.#init, event, now);
    const life = this.#life;
    if (life === undefined) throw new TypeError("the first event of a host must be `start`");
    if (event.kind !== "start") this.#dispatch(life, event, now);
    this.#finish(life, now);
  }

  takeReady(): Ready {
    return this.#outbox.take(this.#nextWakeMs);
  }

  view(now: Now): HostView {
    if (this.#life === undefined) throw new TypeError("the first event of a host must be `start`");
    return hostView(this.#life, now);
  }

  standing(now: Now): HostStanding {
    if (this.#life === undefined) throw new TypeError("the first event of a host must be `start`");
    return hostStanding(this.#life, now);
  }

  guest(guest: GuestId): GuestView | undefined {
    const found = this.#life?.guests.parts.all.get(guest);
    return found === undefined ? undefined : guestView(found);
  }

  heard(now: Now): readonly HeardEntry[] {
    return this.#life?.gossip.heard(now) ?? [];
  }

  #dispatch(life: Life, event: Exclude<HostEvent, StartEvent>, now: Now): void {
    const { guests, here, gossip, gathering } = life;
    switch (event.kind) {
      case "wake":
        return;
      case "message":
        onMessage(this.#components, life, event.from, event.message, now);
        return;
      case "observed":
        guests.onObserved(event.guests);
        return;
      case "act-done":
        guests.onActDone(event.act, event.outcome, event.reason, now);
        return;
      case "policy":
        guests.onPolicy(event.guests, now);
        return;
      case "members":
        gathering.onMembers(event.hosts);
        guests.touchAll();
        return;
      case "capacity":
        if (here.hypervisorUp !== event.hypervisorUp) guests.touchAll();
        here.weight = event.weight;
        here.memoryFreeKib = event.memoryFreeKib;
        here.hypervisorUp = here.hypervisor && event.hypervisorUp;
        guests.hostDirty = true;
        return;
      case "dead-man-alive":
        if (now.bootMs - here.deadManSeenMs > 1_000) guests.touchAll();
        here.deadManSeenMs = now.bootMs;
        return;
      case "peer-connected":
        gossip.onConnected(event.host);
        return;
      case "operator":
        this.#onOperator(life, event.command, now);
        return;
    }
  }

  #onOperator(life: Life, command: OperatorCommand, now: Now): void {
    const { guests, here, claimant, change } = life;
    switch (command.kind) {
      case "release":
        guests.wish(command.guest, command);
        return;
      case "claim":
        guests.wish(command.guest, command);
        return;
      case "drain":
      case "undrain":
        here.draining = command.kind === "drain";
        this.#outbox.persist({ kind: "draining", value: here.draining ? true : null });
        guests.hostDirty = true;
        guests.touchAll();
        return;
      case "confirm-dead":
        claimant.confirmDead(command.host, lastIncarnation(life, command.host), now, command.operator);
        return;
      case "change-voters":
        change.begin(command.voters, now);
        return;
      case "reset-quorum":
        if (change.reset(command, now)) onConfigChange(life, now);
        return;
    }
  }

  /** Everything that is due, until nothing more comes of it. */
  #finish(life: Life, now: Now): void {
    const { holder, claimant, gossip, gathering, guests, change, here } = life;
    const clearing = this.#reincarnate(life, now);
    here.clearing = clearing !== "none";
    holder.pause(clearing === "reboot" || !here.hypervisor);
    change.tick(now);
    const leased = holder.isLeased(now);
    if (leased !== this.#wasLeased) {
      this.#wasLeased = leased;
      if (leased) gathering.onLease(now);
      guests.onLeaseChange();
    }
    claimant.tick(now);
    gossip.tick(now);
    do {
      guests.run(now, clearing !== "none");
      claimant.flush(now);
      guests.onOutcomes(claimant.takeOutcomes(), now);
    } while (guests.nextMs <= now.bootMs);
    holder.tick(now);
    if (here.observedOnce) {
      guests.advertise(now);
      gossip.flush();
    }
    this.#feed(life);
    this.#nextWakeMs = this.#earliestWake(life, now);
  }

  /** Section 4.5 and reboots: the old incarnation's guests go, then the next one begins. */
  #reincarnate(life: Life, now: Now): "none" | "fenced" | "reboot" {
    const { holder, guests } = life;
    if (!life.rebootPending && !holder.isFenced) return "none";
    const reason = life.rebootPending ? "reboot" : "fenced";
    if (!guests.clearOldIncarnation(now)) return reason;
    const inc = holder.identity.inc + 1;
    holder.reincarnate({ nonce: `${life.nonce}.${inc}`, bootId: life.bootId });
    life.rebootPending = false;
    guests.hostDirty = true;
    guests.touchAll();
    return "none";
  }

  #feed(life: Life): void {
    const until = life.holder.validUntil?.bootMs ?? 0;
    if (!life.guests.feedDirty && until === this.#fedUntilMs) return;
    life.guests.feedDirty = false;
    this.#fedUntilMs = until;
    const feed = buildFeed(life.guests.parts, life.bootId, life.earlierFeed);
    if (feed !== undefined) this.#outbox.feed(feed);
  }

  #earliestWake(life: Life, now: Now): number {
    const { holder, claimant, gossip, guests, change } = life;
    const lease = holder.isLeased(now) ? (holder.validUntil?.bootMs ?? 0) : Number.POSITIVE_INFINITY;
    const clearing = life.rebootPending || holder.isFenced ? now.bootMs + 500 : Number.POSITIVE_INFINITY;
    return Math.max(
      now.bootMs,
      Math.min(
        holder.nextRenewMs,
        claimant.nextResendMs,
        gossip.nextWakeMs,
        guests.nextMs,
        change.nextWakeMs,
        lease,
        clearing,
      ),
    );
  }
}

/** The newest incarnation of a host that anybody told us of. */
function lastIncarnation(life: Life, host: HostId): number {
  let inc = life.gossip.store.hosts.get(host)?.inc ?? 1;
  for (const g of life.guests.parts.all.values()) if (g.known?.owner === host) inc = Math.max(inc, g.known.inc);
  return inc;
}
