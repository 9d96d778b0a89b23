/**
 * The four ways in which libp2p's gossip goes silent. Each is shown twice: with its guard nothing is lost, and without it the loss
 * is real. Pulls of gaps are off where they would repair what the guard is for.
 */
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { createHostKey } from "../../src/peers/host-key.ts";
import type { PeerGuards } from "../../src/peers/peer-guards.ts";
import { startFrozenHost } from "./hostile-host.ts";
import { Fleet, type FleetHost, gossipHeard, hasGossip, startFleet } from "./peer-fleet.ts";
import { push } from "./peer-messages.ts";

/** What a loss lasts for before it is called one. */
const forEverMs = 2_500;

async function becomesTrue(condition: () => boolean, timeout: number): Promise<boolean> {
  try {
    await expect.poll(condition, { timeout, interval: 20 }).toBe(true);
    return true;
  } catch {
    return false;
  }
}

function arrives(host: FleetHost, seq: number, timeout: number): Promise<boolean> {
  return becomesTrue(() => gossipHeard(host).includes(seq), timeout);
}

describe("more than ten peers on one address", () => {
  async function gossipOfOneAmongMany(guards: Partial<PeerGuards>): Promise<boolean> {
    // A star: the hub has all others on its one address. No pulls: gossip itself is to arrive.
    const knows = (index: number, other: number) => index === 0 || other === 0;
    await using fleet = await startFleet(16, { knows, guards: { pullGaps: false, cutSilent: false, ...guards } }, "up");
    const leaf = fleet.host(1);
    // The hub forms its opinion of its peers in the first second; what counts is what it hears after that.
    const startedMs = performance.now();
    let settled = Number.POSITIVE_INFINITY;
    let seq = 0;
    return await becomesTrue(() => {
      seq += 1;
      if (performance.now() - startedMs > 1_200) settled = Math.min(settled, seq);
      leaf.network.broadcast(push("h1", seq));
      return gossipHeard(fleet.host(0)).some((heard) => heard >= settled);
    }, forEverMs);
  }

  it("hear each other, because many peers on one address are not held against them", async () => {
    expect(await gossipOfOneAmongMany({})).toBe(true);
  });

  it("would not, with libp2p's default", async () => {
    expect(await gossipOfOneAmongMany({ colocationWeight: -5 })).toBe(false);
  });
});

describe("two connections between two hosts, of which one dies", () => {
  /** The guard asks once more, cuts and dials anew: three seconds, and longer on a busy machine. */
  const mendedMs = 20_000;
  const silentMs = 6_000;

  async function gossipAfterTheDeathOfOne(guards: Partial<PeerGuards>, withinMs = mendedMs): Promise<boolean> {
    await using fleet = await startFleet(2, { guards: { pullGaps: false, ...guards } });
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const [dialling, dialled] = a.network.peerId < b.network.peerId ? [a, b] : [b, a];
    const first = dialling.network.node?.getConnections()[0];
    let identified = 0;
    for (const { network } of fleet.hosts) network.node?.addEventListener("peer:identify", () => identified++);
    const address = multiaddr(`${dialled.network.addresses[0]}/p2p/${dialled.network.peerId}`);
    const second = await dialling.network.node?.dial(address, { force: true });
    const member = fleet.membersFor(9).find(({ hostId }) => hostId === dialled.hostId);
    if (second === undefined || member === undefined) throw new RangeError("the test has not started");
    // Votes and heartbeats move to the second connection, as after two dials at the same moment; gossip stays where it was.
    await dialling.network.links?.open(second, member, AbortSignal.timeout(2_000));
    await expect.poll(() => dialled.network.links?.get(dialling.hostId)?.isWhole).toBe(true);
    // Only now does gossip know of the second connection on both sides, and has left its streams on the first.
    await expect.poll(() => identified).toBe(2);
    first?.abort(new DOMException("cut by the test", "AbortError"));
    let seq = 0;
    return await becomesTrue(() => {
      seq += 1;
      a.network.broadcast(push("h0", seq));
      return gossipHeard(b).length > 0;
    }, withinMs);
  }

  it("go on gossiping, because a peer without streams is cut and dialled anew", async () => {
    expect(await gossipAfterTheDeathOfOne({ endOlder: false, negotiationMs: 500 })).toBe(true);
  });

  it("go on at once where the newer connection ends the older", async () => {
    expect(await gossipAfterTheDeathOfOne({})).toBe(true);
  });

  it("would be silent for ever without the two guards", async () => {
    expect(await gossipAfterTheDeathOfOne({ endOlder: false, cutSilent: false, negotiationMs: 500 }, silentMs)).toBe(
      false,
    );
  });
});

describe("a message above the limit", () => {
  async function gossipAfterOversize(guards: Partial<PeerGuards>): Promise<boolean> {
    await using fleet = await startFleet(2, { guards });
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const huge = { ...push("h0", 1), fleet: "x".repeat(600 * 1024) };
    const outcome = a.network.broadcast(huge);
    expect(outcome.kind).toBe(guards.checkSize === false ? "queued" : "dropped");
    // Gossip is only lost once the receiver has met the big one.
    a.network.broadcast(push("h0", 2));
    await arrives(b, 2, 500);
    a.network.broadcast(push("h0", 3));
    return await arrives(b, 3, forEverMs);
  }

  it("is refused before it is published, and what follows arrives", async () => {
    expect(await gossipAfterOversize({ pullGaps: false, cutSilent: false })).toBe(true);
  });

  it("would silence all that follows, without the check of its size", async () => {
    expect(await gossipAfterOversize({ checkSize: false, pullGaps: false, cutSilent: false })).toBe(false);
  });

  it("is got over by pulls and a new connection, should a peer publish one", async () => {
    expect(await gossipAfterOversize({ checkSize: false })).toBe(true);
  });
});

describe("a frozen peer that connects first", () => {
  async function isHealthyOneServed(guards: Partial<PeerGuards>): Promise<boolean> {
    await using fleet = new Fleet({ guards: { cutSilent: false, ...guards } });
    const hub = await fleet.add();
    const healthy = await fleet.add();
    const frozenKey = await createHostKey();
    const frozen = await startFrozenHost(frozenKey, ["/berth/test/meshsub/1.1.0"]);
    try {
      const member = { hostId: "frozen", peerId: frozenKey.peerId, addresses: [], role: "member" as const };
      hub.network.replaceMembers([member, ...fleet.membersFor(0)]);
      await hub.network.node?.dial(frozen.getMultiaddrs());
      const knowsGossip = async () => (await hub.network.node?.peerStore.get(frozen.peerId))?.protocols.length;
      await expect.poll(knowsGossip, { timeout: 2_000 }).toBeGreaterThan(0);
      healthy.network.replaceMembers(fleet.membersFor(1));
      const served = () => hasGossip(healthy.network, hub.network.peerId);
      return await becomesTrue(served, forEverMs + 300);
    } finally {
      await frozen.stop();
    }
  }

  it("delays a healthy one by two seconds at most", async () => {
    expect(await isHealthyOneServed({})).toBe(true);
  });

  it("would delay it by ten and more, with libp2p's time for choosing a protocol", async () => {
    expect(await isHealthyOneServed({ negotiationMs: 10_000 })).toBe(false);
  });
});
