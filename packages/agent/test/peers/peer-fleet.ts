import type { HostId, Message } from "@berth/claims";
import { expect } from "vitest";
import { createHostKey, type HostKey } from "../../src/peers/host-key.ts";
import { Libp2pNetwork } from "../../src/peers/libp2p-network.ts";
import type { PeerGuards } from "../../src/peers/peer-guards.ts";
import { type PeerInternals, productionInternals } from "../../src/peers/peer-internals.ts";
import type { PeerNetworkInit } from "../../src/peers/peer-network-init.ts";
import type { Member, PeerLogLine } from "../../src/ports/peer-network.ts";

/** One host of a test fleet: a real libp2p node on loopback, and everything that it was told. */
export interface FleetHost {
  readonly hostId: HostId;
  readonly key: HostKey;
  readonly network: Libp2pNetwork;
  readonly heard: { readonly from: HostId; readonly message: Message }[];
  readonly log: PeerLogLine[];
}

/** How a test fleet differs from a real one. */
export interface FleetInit {
  readonly fenceMs?: number;
  readonly guards?: Partial<PeerGuards>;
  /** Per host, by its number. */
  readonly internals?: (index: number) => Partial<PeerInternals>;
  readonly init?: (index: number) => Partial<PeerNetworkInit>;
  readonly role?: (index: number) => Member["role"];
  /** Which members a host has on its list; everybody by default. */
  readonly knows?: (index: number, other: number) => boolean;
}

/** A fleet on 127.0.0.1, each host with a random port. */
export class Fleet {
  readonly hosts: FleetHost[] = [];
  readonly #init: FleetInit;

  constructor(init: FleetInit) {
    this.#init = init;
  }

  /** Host number `index`; tests know how many they started. */
  host(index: number): FleetHost {
    const host = this.hosts[index];
    if (host === undefined) throw new RangeError(`there is no host ${index}`);
    return host;
  }

  async add(key?: HostKey): Promise<FleetHost> {
    const index = this.hosts.length;
    const host = await startHost(`h${index}`, key ?? (await createHostKey()), index, this.#init);
    this.hosts.push(host);
    return host;
  }

  /** The member list as it stands, for one host. */
  membersFor(index: number): Member[] {
    const { role = () => "voter", knows = () => true } = this.#init;
    return this.hosts.flatMap(({ hostId, network }, other) =>
      other === index || knows(index, other)
        ? [{ hostId, peerId: network.peerId, addresses: network.addresses, role: role(other) }]
        : [],
    );
  }

  /** Gives everybody the list, so that they connect. */
  introduce(): void {
    for (const [index, { network }] of this.hosts.entries()) network.replaceMembers(this.membersFor(index));
  }

  /** Waits until everybody sees everybody on its list, and unless told otherwise until gossip's streams stand. */
  async connected(until: "up" | "gossip" = "gossip", timeout = 10_000): Promise<void> {
    const condition = until === "up" ? isUp : isConnected;
    await expect.poll(() => this.hosts.every(condition), { timeout, interval: 20 }).toBe(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hosts.map(({ network }) => network.stop()));
  }
}

/** Starts `count` hosts that know each other and waits until they are connected. */
export async function startFleet(
  count: number,
  init: FleetInit = {},
  until: "up" | "gossip" = "gossip",
): Promise<Fleet> {
  const fleet = new Fleet(init);
  for (let index = 0; index < count; index += 1) await fleet.add();
  fleet.introduce();
  await fleet.connected(until);
  return fleet;
}

async function startHost(hostId: HostId, key: HostKey, index: number, fleet: FleetInit): Promise<FleetHost> {
  const heard: FleetHost["heard"] = [];
  const log: PeerLogLine[] = [];
  const own = fleet.internals?.(index) ?? {};
  const guards = { ...productionInternals.guards, ...fleet.guards, ...own.guards };
  const network = new Libp2pNetwork(
    {
      fleet: "test",
      self: hostId,
      key,
      members: [],
      listen: ["/ip4/127.0.0.1/tcp/0"],
      fenceMs: fleet.fenceMs ?? 4_000,
      log: (line) => log.push(line),
      ...fleet.init?.(index),
    },
    { ...productionInternals, ...own, guards },
  );
  network.onMessage((from, message) => heard.push({ from, message }));
  await network.start();
  return { hostId, key, network, heard, log };
}

function isUp({ network }: FleetHost): boolean {
  return network.members().every(({ state }) => state === "up");
}

function isConnected({ network }: FleetHost): boolean {
  return network.members().every(({ state, member }) => state === "up" && hasGossip(network, member.peerId));
}

/** Whether gossip streams stand both ways, and the peer has subscribed. */
export function hasGossip(network: Libp2pNetwork, peerId: string): boolean {
  const { node } = network;
  if (node === undefined) return false;
  const streams = node
    .getConnections()
    .filter(({ remotePeer }) => remotePeer.toString() === peerId)
    .flatMap(({ streams }) => streams)
    .filter(({ protocol }) => protocol.includes("/meshsub/"));
  const { gossip } = node.services;
  const subscribers = gossip.getTopics().flatMap((topic) => gossip.getSubscribers(topic));
  return (
    streams.some(({ direction }) => direction === "inbound") &&
    streams.some(({ direction }) => direction === "outbound") &&
    subscribers.some((subscriber) => subscriber.toString() === peerId)
  );
}

/** Sequence numbers of the gossip entries that a host was told. */
export function gossipHeard(host: FleetHost): number[] {
  return host.heard.flatMap(({ message }) =>
    message.kind === "gossip-push" ? message.entries.map(({ seq }) => seq) : [],
  );
}
