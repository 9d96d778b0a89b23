import { createHash } from "node:crypto";
import type { HostId } from "@berth/claims";
import type { PeerInfo } from "@libp2p/interface";
import { type MulticastDNSComponents, mdns } from "@libp2p/mdns";
import type { MemberList } from "./member-list.ts";
import type { PeerTally } from "./peer-tally.ts";

/** Between two questions to the local network. Milliseconds: a host that moved is found within one of them. */
const intervalMs = 10_000;
/** Addresses that are kept of one member; whoever answers more often than that is not moving but lying. */
const addressesMax = 8;

/** What discovery needs. */
export interface LanDiscoveryInit {
  readonly fleet: string;
  readonly members: () => MemberList;
  readonly tally: PeerTally;
  /** UDP port. @default 5353, mDNS's own; tests take another */
  readonly port?: number | undefined;
}

/**
 * Addresses of members that multicast DNS finds on the local network, beside those of the signed list. Whoever is not on the list is
 * forgotten at once, so nobody can fill this host's memory with names; and an address that is a lie leads to a host that cannot
 * prove the member's key. libp2p dials nobody by itself: the dialler takes these.
 */
export class LanDiscovery {
  readonly #init: LanDiscoveryInit;
  readonly #found = new Map<string, readonly string[]>();

  constructor(init: LanDiscoveryInit) {
    this.#init = init;
  }

  /** Newest first. */
  addressesOf({ peerId }: { readonly hostId: HostId; readonly peerId: string }): readonly string[] {
    return this.#found.get(peerId) ?? [];
  }

  /** libp2p starts and stops it with the node. Not as its discovery: that would keep everybody who ever answered. */
  service(components: MulticastDNSComponents): { start(): Promise<void>; stop(): Promise<void> } {
    const { fleet, port } = this.#init;
    // The fleet's name is nobody's business on the wire; its hash keeps two fleets apart as well.
    const label = createHash("sha256").update(`berth-lan ${fleet}`).digest("hex").slice(0, 16);
    const serviceTag = `_berth-${label}._udp.local`;
    const discovery = mdns({ serviceTag, interval: intervalMs, ...(port !== undefined && { port }) })(components);
    discovery.addEventListener("peer", ({ detail }) => this.#heard(detail));
    // Its type says less than it is: a thing with a life of its own.
    const life = discovery as unknown as { start(): Promise<void>; stop(): Promise<void> };
    return { start: () => life.start(), stop: () => life.stop() };
  }

  #heard({ id, multiaddrs }: PeerInfo): void {
    const { members, tally } = this.#init;
    const member = members().peer(id.toString());
    if (member === undefined) return;
    const known = this.#found.get(member.peerId) ?? [];
    const told = multiaddrs.map((address) => address.toString()).filter((address) => /\/tcp\/\d+$/.test(address));
    const news = told.filter((address) => !known.includes(address) && !member.addresses.includes(address));
    if (news.length === 0) return;
    this.#found.set(member.peerId, [...new Set([...news, ...known])].slice(0, addressesMax));
    tally.count("discovered", news.length);
    tally.info("discovered", `${member.hostId} answers at ${news.join(", ")} on the local network`, member.hostId);
  }
}
