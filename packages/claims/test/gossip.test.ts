import fc from "fast-check";
import { expect, test } from "vitest";
import { Gossip } from "../src/gossip/gossip.ts";
import { GossipStore } from "../src/gossip/store.ts";
import { Membership } from "../src/membership.ts";
import type { GossipEntry, GossipMessage, GuestAdvert } from "../src/messages.ts";
import { Outbox } from "../src/outbox.ts";
import { Random } from "../src/random.ts";
import { productionRules } from "../src/rules.ts";
import { configuration } from "./small-machine.ts";

const advert = (guest: string, epoch: number): GuestAdvert => ({
  ...{
    kind: "guest",
    guest,
    uuid: `u-${guest}`,
    promised: true,
    mode: "quorum",
    owner: "h1",
    inc: 1,
    epoch,
    runId: "r",
  },
  ...{ startedAtMs: 0, state: "running", classMatch: true },
});
const entry: fc.Arbitrary<GossipEntry> = fc
  .record({
    origin: fc.constantFrom("h1", "h2"),
    life: fc.integer({ min: 1, max: 2 }),
    seq: fc.integer({ min: 1, max: 6 }),
    key: fc.constantFrom("guest/a", "guest/b", "guest/c"),
  })
  .map((e) => ({ ...e, body: e.seq === 6 ? null : advert(e.key.slice(6), e.seq) }));

test("stores that heard the same words in any order have the same digests", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), fc.nat(), (entries, turn) => {
      const first = new GossipStore();
      const second = new GossipStore();
      // One origin says each (life, seq) once.
      const said = [...new Map(entries.map((e) => [`${e.origin} ${e.life} ${e.seq}`, e])).values()];
      for (const e of said) first.apply(e);
      for (let i = 0; i < said.length; i += 1) {
        const e = said[(i * 7 + turn) % said.length] ?? said[0];
        if (e !== undefined && said.length % 7 !== 0) second.apply(e);
      }
      for (const e of said) second.apply(e);
      expect(second.digests).toEqual(first.digests);
      expect(second.differing(first.digests)).toEqual([]);
    }),
  );
});

test("an older word never replaces a newer one", () => {
  const store = new GossipStore();
  const said = (seq: number): GossipEntry => ({ origin: "h1", life: 1, seq, key: "guest/a", body: advert("a", seq) });
  expect(store.apply(said(2))).toBe(true);
  expect(store.apply(said(1))).toBe(false);
  expect(store.guest("a").get("h1")?.epoch).toBe(2);
});

test("a new life of a host withdraws what its earlier lives said", () => {
  const store = new GossipStore();
  store.apply({ origin: "h1", life: 1, seq: 9, key: "guest/a", body: advert("a", 1) });
  store.apply({ origin: "h1", life: 2, seq: 1, key: "guest/b", body: advert("b", 1) });
  expect(store.guest("a").size).toBe(0);
  expect(store.apply({ origin: "h1", life: 1, seq: 10, key: "guest/a", body: advert("a", 2) })).toBe(false);
});

class Peer {
  readonly outbox = new Outbox({ rules: productionRules });
  readonly gossip: Gossip;

  constructor(name: string, life = 1) {
    const membership = new Membership({ outbox: this.outbox }, { fleet: "f", config: configuration(["h1"]) });
    const parts = { outbox: this.outbox, membership, random: new Random(1) };
    this.gossip = new Gossip(parts, { self: name, life }, { bootMs: 0, monoMs: 0 });
  }

  take(): readonly GossipMessage[] {
    const sent = this.outbox.take(undefined).send.map((s) => s.message);
    return sent.filter((m): m is GossipMessage => m.kind.startsWith("gossip-"));
  }
}

test("two hosts that missed each other's words have them all after one exchange of digests, in messages below 64 KiB", () => {
  const a = new Peer("h1");
  const b = new Peer("h2");
  for (let i = 0; i < 3_000; i += 1) a.gossip.advertise(`guest/a${i}`, advert(`a${i}`, 1));
  for (let i = 0; i < 500; i += 1) b.gossip.advertise(`guest/b${i}`, advert(`b${i}`, 1));
  a.gossip.flush();
  b.gossip.flush();
  a.take();
  b.take();
  a.gossip.onConnected("h2");
  let largest = 0;
  for (let round = 0; round < 4; round += 1) {
    for (const [from, name, to] of [
      [a, "h1", b],
      [b, "h2", a],
    ] as const)
      for (const message of from.take()) {
        largest = Math.max(largest, JSON.stringify(message).length);
        to.gossip.onMessage(name, message, { bootMs: 0, monoMs: 0 });
      }
  }
  expect(a.gossip.store.digests).toEqual(b.gossip.store.digests);
  expect(a.gossip.store.guest("b499").size).toBe(1);
  expect(b.gossip.store.guest("a2999").size).toBe(1);
  expect(largest).toBeLessThan(65_536);
});

test("a host whose wiped disk drew a lower life goes above the one that others remember, and is heard again", () => {
  const now = { bootMs: 0, monoMs: 0 };
  const before = new Peer("h1", 900);
  const other = new Peer("h2");
  before.gossip.advertise("guest/a", advert("a", 1));
  before.gossip.flush();
  for (const message of before.take()) other.gossip.onMessage("h1", message, now);
  const wiped = new Peer("h1", 5);
  wiped.gossip.advertise("guest/b", advert("b", 7));
  wiped.gossip.flush();
  wiped.take();
  wiped.gossip.onConnected("h2");
  other.gossip.onConnected("h1");
  for (let round = 0; round < 4; round += 1) {
    for (const message of wiped.take()) other.gossip.onMessage("h1", message, now);
    for (const message of other.take()) wiped.gossip.onMessage("h2", message, now);
    wiped.gossip.flush();
  }
  expect(other.gossip.store.guest("b").get("h1")?.epoch).toBe(7);
  expect(other.gossip.store.guest("a").size).toBe(0);
});
