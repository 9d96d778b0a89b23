/** The first event of a life: everything that an agent's machine consists of, made from what the last life left on the disk. */
import { Claimant } from "./claimant/claimant.ts";
import type { StartEvent } from "./events.ts";
import { Gossip } from "./gossip/gossip.ts";
import { Guests } from "./guests/guests.ts";
import type { Circumstances } from "./guests/parts.ts";
import { Holder } from "./holder/holder.ts";
import type { HostInit } from "./host.ts";
import type { Life } from "./life.ts";
import { Membership } from "./membership.ts";
import type { Outbox } from "./outbox.ts";
import { Gathering } from "./placement/gathering.ts";
import { hashText } from "./placement/rendezvous.ts";
import type { Random } from "./random.ts";
import type { Identity } from "./records.ts";
import type { Rules } from "./rules.ts";
import type { Now } from "./time.ts";
import { Voter } from "./voter/voter.ts";
import { VoterSetChange } from "./voter-set/voter-set-change.ts";

/** What outlasts a life, or is shared by all of it. */
export interface LifeComponents {
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly random: Random;
}

/** Begins a life: another life number, durable before anything is asked under it. */
export function startLife(components: LifeComponents, init: HostInit, event: StartEvent, now: Now): Life {
  const { rules, outbox, random } = components;
  const { host, fleet, hypervisor } = init;
  const { durable, bootId, nonce } = event;
  const stored = durable.find((r) => r.kind === "config")?.value;
  const config = stored !== undefined && stored.number >= event.config.number ? stored : event.config;
  const membership = new Membership({ outbox }, { fleet, config });
  const before = durable.find((r) => r.kind === "identity")?.value;
  const identity = nextIdentity(rules, before, event);
  outbox.persist({ kind: "identity", value: identity });
  const earlierFeed = event.feed?.bootId === bootId ? event.feed : undefined;
  const holder = new Holder({ rules, outbox, membership }, { host, identity, validUntil: earlierFeed?.deadline });
  const gathering = new Gathering({ late: holder.late, membership }, { self: host }, now);
  const claimant = new Claimant({ rules, outbox, membership, holder, random, gathering, self: host });
  const gossip = new Gossip({ outbox, membership, random }, { self: host, life: identity.life }, now);
  const here = circumstances(hypervisor, event, now);
  const guests = new Guests({ self: host, rules, outbox, membership, holder, claimant, gossip, gathering, here });
  guests.load(durable, earlierFeed);
  const disk = durable.find((r) => r.kind === "voter-disk")?.value.voter;
  const voter =
    disk === undefined ? undefined : new Voter({ rules, outbox, membership }, { disk, self: host, durable }, now);
  const change = new VoterSetChange({ rules, outbox, membership, holder, voter, random, self: host, hypervisor }, now);
  // A file of this boot without a store: the disk was wiped under running guests, and what they are is lost.
  const wiped = before === undefined && (earlierFeed?.guests.length ?? 0) > 0;
  const rebootPending = identity.bootId !== bootId || wiped;
  return {
    ...{ bootId, nonce, earlierFeed, rebootPending },
    ...{ membership, holder, claimant, gossip, gathering, guests, voter, change, here },
  };
}

function nextIdentity(rules: Rules, before: Identity | undefined, { nonce, bootId }: StartEvent): Identity {
  if (before === undefined) return { inc: 1, nonce, bootId, life: firstLife(nonce) };
  return { ...before, life: rules.nextLife(before.life, hashText(nonce)) };
}

/**
 * The first life of an empty store, from the nonce: 48 bits, so that a host whose disk was wiped does not begin again
 * with numbers that ballots and attempts of its earlier self already carry.
 */
function firstLife(nonce: string): number {
  return 1 + (hashText(nonce) % 65_536) * 4_294_967_296 + hashText(`${nonce}/life`);
}

function circumstances(hypervisor: boolean, event: StartEvent, now: Now): Circumstances {
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
