/** How soon a dead peer is noticed, that a live one is not taken for dead, and how soon two meet again. */
import { describe, expect, it } from "vitest";
import type { PeerDown, PeerUp } from "../../src/ports/peer-network.ts";
import { startBlackHole } from "./black-hole.ts";
import { startPeerChild } from "./peer-child.ts";
import { Fleet, type FleetHost, startFleet } from "./peer-fleet.ts";

const fenceMs = 2_000;
const soon = { timeout: 30_000, interval: 10 };

function events({ network }: FleetHost): (PeerUp | PeerDown)[] {
  const told: (PeerUp | PeerDown)[] = [];
  network.onPeerUp((event) => told.push(event));
  network.onPeerDown((event) => told.push(event));
  return told;
}

/** A host here and one in a process of its own, connected. */
async function startPair(fleet: Fleet) {
  const host = await fleet.add();
  const child = await startPeerChild("child", fenceMs);
  const told = events(host);
  child.introduce(fleet.membersFor(0));
  host.network.replaceMembers([...fleet.membersFor(0), child.member]);
  await expect.poll(() => told.map(({ kind }) => kind), soon).toEqual(["up"]);
  return { host, child, told };
}

/** Milliseconds until the next event after `act`. */
async function untilNext(told: readonly unknown[], act: () => void): Promise<number> {
  const count = told.length;
  const startedMs = performance.now();
  act();
  await expect.poll(() => told.length, soon).toBeGreaterThan(count);
  return performance.now() - startedMs;
}

describe("a peer", () => {
  it("that is killed is noticed at once, well below half of T_fence", async () => {
    await using fleet = new Fleet({ fenceMs });
    const { child, told } = await startPair(fleet);
    await using _ = child;
    expect(await untilNext(told, () => child.signal("SIGKILL"))).toBeLessThan(fenceMs / 2);
    expect(told[1]).toMatchObject({ kind: "down", host: "child", reason: "closed" });
  });

  it("that is stopped is noticed within half of T_fence, and is there again when it goes on", async () => {
    await using fleet = new Fleet({ fenceMs });
    const { host, child, told } = await startPair(fleet);
    await using _ = child;
    expect(await untilNext(told, () => child.signal("SIGSTOP"))).toBeLessThanOrEqual(fenceMs / 2);
    expect(told[1]).toMatchObject({ kind: "down", reason: "silent" });
    expect(host.network.members()[0]?.heardAgeMs).toBeGreaterThan(fenceMs * 0.4);
    await untilNext(told, () => child.signal("SIGCONT"));
    expect(told[2]).toMatchObject({ kind: "up", host: "child" });
  });

  it("behind a cut wire is noticed within half of T_fence, and dialled again after the heal", async () => {
    await using fleet = new Fleet({ fenceMs });
    await fleet.add();
    await fleet.add();
    const wires = await Promise.all(fleet.hosts.map(({ network }) => startBlackHole(network.addresses[0] ?? "")));
    await using first = wires[0];
    await using second = wires[1];
    for (const [index, { network }] of fleet.hosts.entries()) {
      const members = fleet.membersFor(index);
      network.replaceMembers(members.map((member, at) => ({ ...member, addresses: [wires[at]?.address ?? ""] })));
    }
    await fleet.connected("up");
    const told = fleet.hosts.map(events);
    const cut = () => {
      first?.cut();
      second?.cut();
    };
    expect(await untilNext(told[0] ?? [], cut)).toBeLessThanOrEqual(fenceMs / 2);
    const heal = () => {
      first?.heal();
      second?.heal();
    };
    expect(await untilNext(told[0] ?? [], heal)).toBeLessThan(4_000);
    await expect.poll(() => told[1]?.map(({ kind }) => kind), soon).toEqual(["down", "up"]);
    expect(told[0]?.[1]).toMatchObject({ kind: "up", downMs: expect.any(Number) });
  });

  it("is not called dead by a host that was itself busy", async () => {
    await using fleet = await startFleet(2, { fenceMs });
    const told = fleet.hosts.flatMap((host) => [events(host)]);
    const startedMs = performance.now();
    while (performance.now() - startedMs < fenceMs);
    const heardMs = () => Math.max(...fleet.hosts.map(({ network }) => network.members()[0]?.heardAgeMs ?? fenceMs));
    await expect.poll(heardMs, soon).toBeLessThan(fenceMs / 10);
    expect(told.flat()).toEqual([]);
  });

  it("has a round trip below its heartbeat's pause", async () => {
    await using fleet = await startFleet(2, { fenceMs });
    await expect.poll(() => fleet.host(0).network.members()[0]?.roundTripMs, soon).toBeLessThan(100);
  });
});

describe("the member list", () => {
  it("lets only the lower peer id dial, and joins each pair once", async () => {
    await using fleet = await startFleet(4, { fenceMs });
    const ids = fleet.hosts.map(({ network }) => network.peerId).sort();
    for (const { network } of fleet.hosts) {
      expect(network.node?.getConnections().length).toBe(3);
      expect(network.counters().dialled >= 1).toBe(network.peerId !== ids.at(-1));
    }
  });

  it("cuts whoever is taken off it, and does not let it in again", async () => {
    await using fleet = await startFleet(2, { fenceMs });
    // The lower peer id dials: take that one off, so that it tries.
    const [dialling, dialled] = [...fleet.hosts].sort((a, b) => (a.network.peerId < b.network.peerId ? -1 : 1));
    if (dialling === undefined || dialled === undefined) throw new RangeError("two hosts were started");
    const [cut, cutting] = [events(dialling), events(dialled)];
    dialled.network.replaceMembers([]);
    await expect.poll(() => cutting, soon).toMatchObject([{ kind: "down", host: dialling.hostId, reason: "removed" }]);
    await expect.poll(() => cut, soon).toMatchObject([{ kind: "down", host: dialled.hostId, reason: "closed" }]);
    expect(dialled.network.members()).toEqual([]);
    await expect.poll(() => dialled.network.counters()["unknown-peer"], soon).toBeGreaterThan(0);
    expect(cut).toHaveLength(1);
  });
});
