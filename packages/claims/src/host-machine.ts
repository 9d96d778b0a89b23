/**
 * The small machines of one host put together. Each event goes to those it concerns; then everything that is due is done,
 * and whatever came of it is in the outbox, in order. Nothing here decides anything about safety.
 */
import { Claimant } from "./claimant/claimant.ts";
import type { HostEvent, OperatorCommand, StartEvent } from "./events.ts";
import { Gossip } from "./gossip/gossip.ts";
import { buildFeed } from "./guests/feed.ts";
import { Guests } from "./guests/guests.ts";
import type { Circumstances } from "./guests/parts.ts";
import { Holder } from "./holder/holder.ts";
import type { GuestView, HeardEntry, Host, HostInit, HostStanding, HostView } from "./host.ts";
import type { Life } from "./life.ts";
import { Membership } from "./membership.ts";
import type { GossipMessage, Message, VoterReply, VoterRequest } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { Gathering } from "./placement/gathering.ts";
import { hashText } from "./placement/rendezvous.ts";
import { Random } from "./random.ts";
import type { Ready } from "./ready.ts";
import type { Identity } from "./records.ts";
import type { Rules } from "./rules.ts";
import type { Now } from "./time.ts";
import { guestView, hostStanding, hostView } from "./view.ts";
import { Voter } from "./voter/voter.ts";
import { VoterSetChange } from "./voter-set/voter-set-change.ts";
import type { GuestId, HostId } from "./words.ts";

/** One agent's whole protocol machine; see `host.ts` for how it is driven. */
export class HostMachine implements Host {
  readonly #rules: Rules;
  readonly #init: HostInit;
  readonly #outbox: Outbox;
  readonly #random: Random;
  #life: Life | undefined;
  #wasLeased = false;
  #fedUntilMs = Number.NaN;
  #nextWakeMs: number | undefined;

  constructor(components: { readonly rules: Rules }, init: HostInit) {
    this.#rules = components.rules;
    this.#init = init;
    this.#outbox = new Outbox({ rules: components.rules });
    this.#random = new Random(init.seed);
  }

  step(event: HostEvent, now: Now): void {
    if (event.kind === "start") this.#life = this.#start(event, now);
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

  #start(event: StartEvent, now: Now): Life {
    const { host, fleet } = this.#init;
    const outbox = this.#outbox;
    const rules = this.#rules;
    const random = this.#random;
    const stored = event.durable.find((r) => r.kind === "config")?.value;
    const config = stored !== undefined && stored.number >= event.config.number ? stored : event.config;
    const membership = new Membership({ outbox }, { fleet, config });
    const before = event.durable.find((r) => r.kind === "identity")?.value;
    const identity: Identity =
      before === undefined
        ? { inc: 1, nonce: event.nonce, bootId: event.bootId, life: firstLife(event.nonce) }
        : { ...before, life: rules.nextLife(before.life, hashText(event.nonce)) };
    outbox.persist({ kind: "identity", value: identity });
    const sameBoot = event.feed !== undefined && event.feed.bootId === event.bootId;
    const validUntil = sameBoot ? event.feed?.deadline : undefined;
    const holder = new Holder({ rules, outbox, membership }, { host, identity, validUntil });
    const gathering = new Gathering({ late: holder.late, membership }, { self: host }, now);
    const claimant = new Claimant({ rules, outbox, membership, holder, random, gathering, self: host });
    const gossip = new Gossip({ outbox, membership, random }, { self: host, life: identity.life }, now);
    const here = this.#circumstances(event, now);
    const guests = new Guests({ self: host, rules, outbox, membership, holder, claimant, gossip, gathering, here });
    guests.load(event.durable, sameBoot ? event.feed : undefined);
    const disk = event.durable.find((r) => r.kind === "voter-disk")?.value.voter;
    const voter =
      disk === undefined
        ? undefined
        : new Voter({ rules, outbox, membership }, { disk, self: host, durable: event.durable }, now);
    const change = new VoterSetChange(
      { rules, outbox, membership, holder, voter, random, self: host, hypervisor: this.#init.hypervisor },
      now,
    );
    // A file of this boot without a store: the disk was wiped under running guests, and what they are is lost.
    const wiped = before === undefined && sameBoot && (event.feed?.guests.length ?? 0) > 0;
    const rebootPending = identity.bootId !== event.bootId || wiped;
    return {
      ...{ bootId: event.bootId, nonce: event.nonce, earlierFeed: sameBoot ? event.feed : undefined, rebootPending },
      ...{ membership, holder, claimant, gossip, gathering, guests, voter, change, here },
    };
  }

  #circumstances(event: StartEvent, now: Now): Circumstances {
    const { hypervisor } = this.#init;
    return {
      hypervisor,
      hypervisorUp: hypervisor,
      weight: 1,
      memoryFreeKib: hypervisor ? Number.MAX_SAFE_INTEGER : 0,
      draining: event.durable.some((r) => r.kind === "draining"),
      deadManSeenMs: Number.NEGATIVE_INFINITY,
      observedOnce: !hypervisor,
      policySeen: false,
      clearing: false,
      startedMs: now.bootMs,
      load: 0,
      memoryPendingKib: 0,
      pending: 0,
      matches: [],
      wanted: 0,
    };
  }

  #dispatch(life: Life, event: Exclude<HostEvent, StartEvent>, now: Now): void {
    const { guests, here, gossip, gathering } = life;
    switch (event.kind) {
      case "wake":
        return;
      case "message":
        this.#onMessage(life, event.from, event.message, now);
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

  #onMessage(life: Life, from: HostId, message: Message, now: Now): void {
    if (message.fleet !== this.#init.fleet) return;
    if (message.kind === "config-notice") {
      this.#onNotice(life, from, message.config, message.sealed, now);
      return;
    }
    if (isGossip(message)) {
      this.#onGossip(life, from, message, now);
      return;
    }
    if (isRequest(message)) {
      const before = life.membership.config.number;
      life.voter?.handle(from, message, now);
      if (life.membership.config.number !== before) this.#onConfigChange(life, now);
      return;
    }
    if (!this.#rules.acceptsReply(message.life, life.holder.identity.life)) return;
    this.#onReply(life, from, message, now);
  }

  #onReply(life: Life, from: HostId, reply: VoterReply, now: Now): void {
    const { membership, holder, claimant, guests, change } = life;
    const changeReply = change.onReply(from, reply, now);
    if (changeReply === "completed") this.#onConfigChange(life, now);
    if (changeReply !== "not-mine") return;
    if (reply.cfg !== membership.config.number || !membership.isVoter(reply.voter, from)) return;
    if (reply.kind === "renew-reply") {
      const { changed, late } = holder.onRenewReply(reply, now);
      if (changed) guests.touchAll();
      else if (late.size > 0) guests.touchOwnedBy(late);
    } else if (reply.kind === "prepare-reply") claimant.onPrepareReply(reply, now);
    else if (reply.kind === "accept-reply") claimant.onAcceptReply(reply, now);
    else if (reply.kind === "fence-reply") {
      claimant.onFenceReply(reply, now);
      guests.touchOwnedBy(new Set([reply.host]));
    }
  }

  #onNotice(life: Life, from: HostId, config: Life["membership"]["config"], sealed: boolean, now: Now): void {
    const { membership } = life;
    if (sealed) life.change.onSealedNotice(now);
    if (sealed ? membership.noteSealed(from, config) : membership.adopt(config)) this.#onConfigChange(life, now);
  }

  /** Somebody who gossips under an older configuration is told of the present one. */
  #onGossip(life: Life, from: HostId, message: GossipMessage, now: Now): void {
    const { membership, gossip, guests } = life;
    if (message.kind === "gossip-digest" && message.cfg < membership.config.number)
      this.#outbox.send(from, membership.notice(membership.config, false));
    gossip.onMessage(from, message, now);
    guests.onNews(gossip.takeNews(), now);
  }

  #onConfigChange(life: Life, now: Now): void {
    life.holder.onConfigChange();
    life.change.watch(now);
    life.claimant.onConfigChange(now);
    life.guests.feedDirty = true;
    life.guests.touchAll();
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
        if (change.reset(command, now)) this.#onConfigChange(life, now);
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

/**
 * The first life of an empty store, from the nonce: 48 bits, so that a host whose disk was wiped does not begin again
 * with numbers that ballots and attempts of its earlier self already carry.
 */
function firstLife(nonce: string): number {
  return 1 + (hashText(nonce) % 65_536) * 4_294_967_296 + hashText(`${nonce}/life`);
}

/** The newest incarnation of a host that anybody told us of. */
function lastIncarnation(life: Life, host: HostId): number {
  let inc = life.gossip.store.hosts.get(host)?.inc ?? 1;
  for (const g of life.guests.parts.all.values()) if (g.known?.owner === host) inc = Math.max(inc, g.known.inc);
  return inc;
}

function isGossip(message: Message): message is GossipMessage {
  return message.kind.startsWith("gossip-");
}

const requestKinds: ReadonlySet<string> = new Set<VoterRequest["kind"]>([
  "renew",
  "prepare",
  "fence",
  "accept",
  "propose-config",
  "seal",
  "snapshot",
  "install",
  "activate",
]);

function isRequest(message: Message): message is VoterRequest {
  return requestKinds.has(message.kind);
}
