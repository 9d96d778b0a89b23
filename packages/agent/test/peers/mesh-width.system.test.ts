/** Gossip that reaches everybody from its origin is not passed on; where a link is broken it comes through others. */
import { expect, it } from "vitest";
import { startBlackHole } from "./black-hole.ts";
import { Fleet, type FleetHost, gossipHeard, startFleet } from "./peer-fleet.ts";
import { push } from "./peer-messages.ts";

const fenceMs = 2_000;
const soon = { timeout: 30_000, interval: 20 };

interface Gossip {
  readonly score: { duplicateMessage: () => void };
  getTopics(): string[];
  getMeshPeers(topic: string): string[];
}

function gossipOf({ network }: FleetHost): Gossip {
  if (network.node === undefined) throw new RangeError("the host has not started");
  return network.node.services.gossip as unknown as Gossip;
}

/** Peers that a host passes gossip on to. */
function mesh(host: FleetHost): readonly string[] {
  const gossip = gossipOf(host);
  return gossip.getTopics().flatMap((topic) => gossip.getMeshPeers(topic));
}

it("in a whole fleet everybody hears everything once, and nobody passes anything on", async () => {
  await using fleet = await startFleet(5, { fenceMs });
  let copies = 0;
  for (const host of fleet.hosts) {
    gossipOf(host).score.duplicateMessage = () => {
      copies += 1;
    };
  }
  for (let seq = 1; seq <= 5; seq += 1) {
    for (const { network, hostId } of fleet.hosts) network.broadcast(push(hostId, seq));
    const all = () => fleet.hosts.every((host) => gossipHeard(host).filter((heard) => heard === seq).length === 4);
    await expect.poll(all, soon).toBe(true);
  }
  expect(copies).toBe(0);
  expect(fleet.hosts.flatMap(mesh)).toEqual([]);
});

it("a host hears through others what another says that it has no link to, until the link is back", async () => {
  await using fleet = new Fleet({ fenceMs });
  for (let index = 0; index < 3; index += 1) await fleet.add();
  await using wire0 = await startBlackHole(fleet.host(0).network.addresses[0] ?? "");
  await using wire1 = await startBlackHole(fleet.host(1).network.addresses[0] ?? "");
  for (const [index, { network }] of fleet.hosts.entries()) {
    const members = fleet.membersFor(index).map((member) => {
      const wire = member.hostId === "h0" ? wire0 : wire1;
      return index < 2 && member.hostId !== "h2" ? { ...member, addresses: [wire.address] } : member;
    });
    network.replaceMembers(members);
  }
  await fleet.connected();
  const [here, there] = [fleet.host(0), fleet.host(1)];
  wire0.cut();
  wire1.cut();
  const state = () => here.network.members().find(({ member }) => member.hostId === "h1")?.state;
  await expect.poll(state, soon).toBe("down");
  let seq = 0;
  const isHeard = () => {
    seq += 1;
    there.network.broadcast(push("h1", seq));
    return gossipHeard(here).length > 0;
  };
  await expect.poll(isHeard, soon).toBe(true);
  expect(mesh(here)).toEqual([fleet.host(2).network.peerId]);
  wire0.heal();
  wire1.heal();
  await fleet.connected();
  await expect.poll(() => fleet.hosts.flatMap(mesh), soon).toEqual([]);
});
