/** Members that find each other on the local network, without an address on the list; strangers do not. */
import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { Fleet, type FleetHost, type FleetInit } from "./peer-fleet.ts";

const soon = { timeout: 15_000, interval: 20 };

/** A port that no mDNS of this machine uses, so that the test hears its own hosts only. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

async function startHosts(count: number, port: number, init: FleetInit["init"] = () => ({})): Promise<Fleet> {
  const fleet = new Fleet({
    init: (index) => ({ mdns: { port }, listen: ["/ip4/0.0.0.0/tcp/0"], ...init(index) }),
  });
  for (let index = 0; index < count; index += 1) await fleet.add();
  return fleet;
}

const stateOf = ({ network }: FleetHost) => network.members().map(({ state }) => state);

describe("members without an address on the list", () => {
  it("find each other on the local network, and are joined once", async () => {
    await using fleet = await startHosts(2, await freeUdpPort());
    for (const [index, { network }] of fleet.hosts.entries()) {
      network.replaceMembers(fleet.membersFor(index).map((member) => ({ ...member, addresses: [] })));
    }
    await expect.poll(() => fleet.hosts.map(stateOf), soon).toEqual([["up"], ["up"]]);
    for (const { network } of fleet.hosts) expect(network.node?.getConnections()).toHaveLength(1);
    expect(fleet.hosts.some(({ network }) => network.counters().discovered > 0)).toBe(true);
  });

  it("are reached where the list's address is an old one", async () => {
    await using fleet = await startHosts(2, await freeUdpPort());
    for (const [index, { network }] of fleet.hosts.entries()) {
      const old = (address: string) => address.replace(/\/tcp\/\d+$/, "/tcp/1");
      network.replaceMembers(
        fleet.membersFor(index).map((member) => ({ ...member, addresses: member.addresses.slice(0, 1).map(old) })),
      );
    }
    await expect.poll(() => fleet.hosts.map(stateOf), soon).toEqual([["up"], ["up"]]);
  });
});

describe("a stranger on the local network", () => {
  it("who answers in the same fleet's name is neither kept nor dialled", async () => {
    await using fleet = await startHosts(3, await freeUdpPort());
    const [h0, h1] = [fleet.host(0), fleet.host(1)];
    for (const { network } of [h0, h1]) {
      const two = fleet.membersFor(0).filter(({ hostId }) => hostId !== "h2");
      network.replaceMembers(two.map((member) => ({ ...member, addresses: [] })));
    }
    await expect.poll(() => [h0, h1].map(stateOf), soon).toEqual([["up"], ["up"]]);
    for (const { network } of [h0, h1]) {
      const known = (await network.node?.peerStore.all())?.map(({ id }) => id.toString()) ?? [];
      expect(known).not.toContain(fleet.host(2).network.peerId);
      expect(network.members()).toHaveLength(1);
    }
  });
});
