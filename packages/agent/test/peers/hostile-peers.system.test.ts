/** Peers that are broken or mean it: the host stays up, its memory bounded, and the cause is counted and in the log. */
import { connect, type Socket } from "node:net";
import { lpStream } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { createHostKey } from "../../src/peers/host-key.ts";
import { createNetworkKey } from "../../src/peers/network-key.ts";
import { encodeFrame } from "../../src/peers/wire-codec.ts";
import type { PeerCounter } from "../../src/ports/peer-network.ts";
import { startBare } from "./hostile-host.ts";
import { Fleet, type FleetHost, gossipHeard, startFleet } from "./peer-fleet.ts";
import { push, renewal } from "./peer-messages.ts";

const soon = { timeout: 30_000, interval: 10 };
const messages = "/berth/test/messages/1";
const notice = { t: "notice", id: 1, part: 0, parts: 1, text: '{"kind":"members-number","number":1}' };

function counted(host: FleetHost, counter: PeerCounter) {
  return expect.poll(() => host.network.counters()[counter], soon);
}

/** A host and an attacker in the name of a member, with a raw message stream that has greeted. */
async function startAttack(fleet: Fleet, role: "voter" | "observer" = "voter") {
  const victim = await fleet.add();
  const key = await createHostKey();
  const attacker = await startBare(key, [messages, "/berth/test/heartbeats/1"]);
  const member = { hostId: "evil", peerId: key.peerId, addresses: [], role };
  victim.network.replaceMembers([member]);
  const connection = await attacker.dial(addressOf(victim));
  const stream = await connection.newStream(messages);
  const frames = lpStream(stream);
  await frames.read();
  const hello = { t: "hello", life: 1, seq: 0, fleet: "test", host: "evil", features: [] };
  return { victim, attacker, key, connection, stream, frames, hello };
}

function addressOf({ network }: FleetHost) {
  return multiaddr(`${network.addresses[0]}/p2p/${network.peerId}`);
}

/** The host still serves an honest member. */
async function stillServes(fleet: Fleet, victim: FleetHost): Promise<void> {
  const honest = await fleet.add();
  const index = fleet.hosts.indexOf(victim);
  victim.network.replaceMembers(fleet.membersFor(index));
  honest.network.replaceMembers(fleet.membersFor(fleet.hosts.indexOf(honest)));
  await expect.poll(() => honest.network.send(victim.hostId, renewal(99)).kind, soon).toBe("queued");
  await expect.poll(() => victim.heard.some(({ from }) => from === honest.hostId), soon).toBe(true);
}

describe("who may connect", () => {
  it("refuses somebody who is not on the list, and says so", async () => {
    await using fleet = new Fleet({});
    const victim = await fleet.add();
    const stranger = await startBare(await createHostKey());
    await stranger.dial(addressOf(victim)).catch(() => {});
    await counted(victim, "unknown-peer").toBeGreaterThan(0);
    expect(victim.log.some(({ code, text }) => code === "unknown-peer" && text.includes("member list"))).toBe(true);
    expect(victim.network.node?.getConnections()).toEqual([]);
    await stranger.stop();
    await stillServes(fleet, victim);
  });

  it("recognises that another key answers at a member's address", async () => {
    await using fleet = new Fleet({});
    const host = await fleet.add();
    const impostor = await fleet.add();
    const { peerId } = await createHostKey();
    const member = { hostId: "h9", peerId, addresses: impostor.network.addresses, role: "voter" as const };
    // A host without an address of its own dials everybody.
    host.network.replaceMembers([member, { ...member, hostId: "h0", peerId: host.network.peerId, addresses: [] }]);
    await counted(host, "wrong-key").toBe(1);
    expect(host.network.members()[0]?.state).toBe("down");
  });

  it("lets nobody begin who lacks the private-network key", async () => {
    const networkKey = Buffer.from(createNetworkKey().trimEnd());
    await using fleet = new Fleet({ init: (index) => (index < 2 ? { networkKey } : {}) });
    for (let index = 0; index < 3; index += 1) await fleet.add();
    fleet.introduce();
    await expect.poll(() => fleet.host(0).network.members()[0]?.state, soon).toBe("up");
    await expect
      .poll(() => fleet.host(0).network.counters().refused + fleet.host(2).network.counters().refused, soon)
      .toBeGreaterThan(0);
    expect(
      fleet
        .host(2)
        .network.members()
        .map(({ state }) => state),
    ).toEqual(["down", "down"]);
  });

  it("has nothing to say to a member's key in another fleet", async () => {
    await using fleet = new Fleet({ init: (index) => ({ fleet: index === 0 ? "test" : "other" }) });
    await fleet.add();
    await fleet.add();
    fleet.introduce();
    await expect.poll(() => fleet.hosts.some(({ network }) => network.counters()["wrong-fleet"] > 0), soon).toBe(true);
    expect(fleet.host(0).network.members()[0]?.state).toBe("down");
  });

  it("survives a flood of connections, and serves members after it", async () => {
    await using fleet = new Fleet({});
    const victim = await fleet.add();
    const port = Number(/tcp\/(\d+)/.exec(victim.network.addresses[0] ?? "")?.[1]);
    const before = process.memoryUsage().rss;
    const sockets: Socket[] = [];
    for (let index = 0; index < 500; index += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      sockets.push(socket);
    }
    await counted(victim, "refused").toBeGreaterThan(400);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    for (const socket of sockets) socket.destroy();
    await stillServes(fleet, victim);
  });
});

describe("what a member may say", () => {
  it.each<[string, Uint8Array, PeerCounter]>([
    ["bytes that are no MessagePack", Uint8Array.of(0xc1, 1, 2), "malformed"],
    ["an array that claims thirty million elements", Uint8Array.of(0xdd, 0x01, 0xc9, 0xc3, 0x80), "malformed"],
    ["arrays in arrays, sixty thousand deep", new Uint8Array(60_000).fill(0x91), "malformed"],
    ["a message without its fields", encodeFrame({ t: "message", m: { kind: "renew", fleet: "test" } }), "malformed"],
    ["a field that does not belong there", encodeFrame({ t: "message", m: { ...renewal(1), evil: 1 } }), "malformed"],
    ["a message of another fleet", encodeFrame({ t: "message", m: renewal(1, "other") }), "wrong-fleet"],
    ["a frame above the limit", new Uint8Array(70_000), "oversize"],
    ["a notice that is no JSON", encodeFrame({ ...notice, text: "{" }), "malformed"],
    ["a notice of a kind that there is not", encodeFrame({ ...notice, text: '{"kind":"evil"}' }), "malformed"],
    ["a notice in a thousand pieces", encodeFrame({ ...notice, parts: 1_000 }), "malformed"],
    ["a piece of a notice that is too long", encodeFrame({ ...notice, text: "x".repeat(16_001) }), "malformed"],
  ])("%s: counted, logged, not delivered", async (_title, bytes, counter) => {
    await using fleet = new Fleet({});
    const { victim, attacker, frames, hello } = await startAttack(fleet);
    await frames.write(encodeFrame(hello));
    await frames.write(bytes);
    await counted(victim, counter).toBe(1);
    expect(victim.log.some(({ code }) => code === counter)).toBe(true);
    expect(victim.heard).toEqual([]);
    await attacker.stop();
  });

  it("is not believed twice: a notice that came before is counted and not told", async () => {
    await using fleet = new Fleet({});
    const { victim, attacker, frames, hello } = await startAttack(fleet);
    const told: unknown[] = [];
    victim.network.onNotice((_from, notice) => told.push(notice));
    await frames.write(encodeFrame(hello));
    for (let time = 0; time < 3; time += 1) await frames.write(encodeFrame(notice));
    await counted(victim, "replayed").toBe(2);
    expect(told).toEqual([{ kind: "members-number", number: 1 }]);
    await attacker.stop();
  });

  it("is cut after a stream of frames that do not fit", async () => {
    await using fleet = new Fleet({});
    const { victim, attacker, frames, stream, hello } = await startAttack(fleet);
    await frames.write(encodeFrame(hello));
    for (let index = 0; index < 40 && stream.status === "open"; index += 1) {
      await frames.write(Uint8Array.of(0xc1)).catch(() => {});
    }
    await counted(victim, "malformed").toBe(32);
    await expect.poll(() => stream.status, soon).not.toBe("open");
    await attacker.stop();
    await stillServes(fleet, victim);
  });

  it("may not vote or gossip as an observer", async () => {
    await using fleet = new Fleet({});
    const { victim, attacker, frames, hello } = await startAttack(fleet, "observer");
    await frames.write(encodeFrame(hello));
    await frames.write(encodeFrame({ t: "message", m: renewal(1) }));
    await frames.write(encodeFrame({ t: "message", m: push("evil", 1) }));
    await counted(victim, "role-refused").toBe(2);
    expect(victim.heard).toEqual([]);
    await attacker.stop();
  });

  it("may not say what another host would have to sign", async () => {
    await using fleet = await startFleet(3);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    b.network.send("h0", { ...push("h2", 5), entries: [...push("h2", 5).entries, ...push("h1", 6).entries] });
    await counted(a, "bad-proof").toBe(1);
    await expect.poll(() => gossipHeard(a), soon).toEqual([6]);
  });

  it("passes on what another host has signed", async () => {
    await using fleet = await startFleet(3);
    const [a, b, c] = [fleet.host(0), fleet.host(1), fleet.host(2)];
    c.network.send("h1", push("h2", 5));
    await expect.poll(() => gossipHeard(b), soon).toEqual([5]);
    const told = b.heard[0]?.message;
    if (told?.kind === "gossip-push") b.network.send("h0", told);
    await expect.poll(() => gossipHeard(a), soon).toEqual([5]);
    expect(a.network.counters()["bad-proof"]).toBe(0);
    // What was once seen to be signed is so again, but for each letter that was changed since.
    if (told?.kind !== "gossip-push") throw new RangeError("no gossip");
    b.network.send("h0", told);
    await expect.poll(() => gossipHeard(a), soon).toEqual([5, 5]);
    b.network.send("h0", { ...told, entries: told.entries.map((entry) => ({ ...entry, seq: 6 })) });
    await counted(a, "bad-proof").toBe(1);
    b.network.send("h0", told);
    await expect.poll(() => gossipHeard(a), soon).toEqual([5, 5, 5]);
  });

  it("is not believed twice: a batch whose number came before is dropped", async () => {
    await using fleet = await startFleet(2);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const batch = { t: "batch", life: Date.now() + 1_000, seq: 1, origin: "h0", m: push("h0", 1) };
    const publish = () => a.network.node?.services.gossip.publish("berth/test/gossip/1", encodeFrame(batch));
    await publish();
    await expect.poll(() => gossipHeard(b), soon).toEqual([1]);
    await publish();
    await counted(b, "replayed").toBe(1);
    expect(gossipHeard(b)).toEqual([1]);
  });

  it("may not publish without end", async () => {
    await using fleet = await startFleet(2);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const met = () => b.network.counters().received + b.network.counters().flooded;
    for (let batch = 1; batch <= 400 && b.network.counters().flooded < 3; batch += 1) {
      a.network.broadcast(push("h0", batch, 100, "x".repeat(300)));
      // A few at once, so that a slow machine publishes faster than the allowance refills too.
      if (batch % 4 === 0) await expect.poll(met, soon).toBeGreaterThanOrEqual(batch);
    }
    expect(b.network.counters().flooded).toBeGreaterThanOrEqual(3);
    expect(b.log.some(({ code, host }) => code === "flooded" && host === "h0")).toBe(true);
  });

  it("may not publish in another host's name", async () => {
    await using fleet = await startFleet(2);
    const [a, b] = [fleet.host(0), fleet.host(1)];
    const batch = { t: "batch", life: Date.now() + 1_000, seq: 1, origin: "h7", m: push("h7", 1) };
    await a.network.node?.services.gossip.publish("berth/test/gossip/1", encodeFrame(batch));
    await counted(b, "malformed").toBeGreaterThan(0);
    expect(b.heard).toEqual([]);
  });

  it("that does not read loses its frames and then its stream, and costs no memory", async () => {
    await using fleet = new Fleet({ fenceMs: 2_000 });
    const { victim, attacker, frames, stream, hello } = await startAttack(fleet);
    await frames.write(encodeFrame(hello));
    await expect.poll(() => victim.network.members()[0]?.state, soon).toBe("up");
    stream.pause();
    const big = push("h0", 1, 64, "x".repeat(400));
    for (let index = 0; index < 2_000; index += 1) victim.network.send("evil", big);
    expect(victim.network.members()[0]?.queuedBytes).toBeLessThanOrEqual(1024 * 1024);
    await counted(victim, "slow-reader").toBeGreaterThan(500);
    await expect.poll(() => victim.network.members()[0]?.state, soon).toBe("down");
    await attacker.stop();
    await stillServes(fleet, victim);
  });
});
