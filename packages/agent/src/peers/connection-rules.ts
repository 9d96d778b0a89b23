import type { ConnectionGater, PeerId } from "@libp2p/interface";
import type { MemberList } from "./member-list.ts";
import type { PeerTally } from "./peer-tally.ts";

/**
 * Who may connect. Noise has proved by then that the other side holds the private key of its peer id; the list says whether
 * that peer id is a member. Nothing is dialled that is not on the list either.
 */
export function connectionRules(members: () => MemberList, tally: PeerTally): ConnectionGater {
  const isStranger = (peerId: PeerId) => members().peer(peerId.toString()) === undefined;
  const refuse = (peerId: PeerId) => {
    if (!isStranger(peerId)) return false;
    tally.warn("unknown-peer", `${peerId} is not on the member list`);
    return true;
  };
  return {
    denyDialPeer: isStranger,
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: refuse,
    denyOutboundEncryptedConnection: refuse,
    // Addresses come from the member list only; what peers say of themselves and others is not kept.
    filterMultiaddrForPeer: () => false,
  };
}
