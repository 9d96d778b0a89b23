import type { HostId } from "@berth/claims";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { Member, MemberRole } from "../ports/peer-network.ts";

/** Who belongs to the fleet, by host and by key. Immutable; a change is a new list. */
export class MemberList {
  /** Everybody but this host. */
  readonly others: readonly Member[];
  /** What this host itself may do; a voter where the list does not have it. */
  readonly selfRole: MemberRole;
  readonly #byHost: ReadonlyMap<HostId, Member>;
  readonly #byPeer: ReadonlyMap<string, Member>;
  readonly #selfPeer: string;
  readonly #selfHasAddress: boolean;

  /** @throws AgentError CONFIG_INVALID for a peer id or address that is none, or one that stands there twice. */
  constructor(self: { readonly host: HostId; readonly peerId: string }, members: readonly Member[]) {
    for (const member of members) checkMember(member);
    this.others = members.filter(({ hostId, peerId }) => hostId !== self.host && peerId !== self.peerId);
    this.#byHost = new Map(this.others.map((member) => [member.hostId, member]));
    this.#byPeer = new Map(this.others.map((member) => [member.peerId, member]));
    if (this.#byHost.size !== this.others.length || this.#byPeer.size !== this.others.length) {
      throw new AgentError("CONFIG_INVALID", "a host or a peer id stands twice on the member list");
    }
    this.#selfPeer = self.peerId;
    const own = members.find(({ peerId }) => peerId === self.peerId);
    this.selfRole = own?.role ?? "voter";
    this.#selfHasAddress = own === undefined || own.addresses.length > 0;
  }

  host(host: HostId): Member | undefined {
    return this.#byHost.get(host);
  }

  peer(peerId: string): Member | undefined {
    return this.#byPeer.get(peerId);
  }

  /**
   * Whether this host is the one of the two that dials: the lower peer id, so that no pair is ever joined twice (two
   * connections are how gossip goes silent); the higher one where the lower has no address to dial. Addresses that only the local
   * network tells (`isFound`) count where neither has one on the list: each side must come to the same answer.
   */
  isDialledBySelf(member: Member, isFound = false): boolean {
    const isLower = this.#selfPeer < member.peerId;
    if (member.addresses.length === 0) return isFound && isLower && !this.#selfHasAddress;
    return isLower || !this.#selfHasAddress;
  }
}

function checkMember(member: Member): void {
  try {
    peerIdFromString(member.peerId);
    for (const address of member.addresses) multiaddr(address);
  } catch (error) {
    const message = `member ${member.hostId} on the member list: ${reasonOf(error)}`;
    throw new AgentError("CONFIG_INVALID", message, { cause: error });
  }
}
