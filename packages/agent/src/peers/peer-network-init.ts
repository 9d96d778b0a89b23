import type { HostId } from "@berth/claims";
import type { Member, PeerLogLine } from "../ports/peer-network.ts";
import type { HostKey } from "./host-key.ts";

/** What a peer network is made of. */
export interface PeerNetworkInit {
  /** The fleet's id; part of every protocol name. Letters, digits, dot, dash and underscore, at most 64. */
  readonly fleet: string;
  readonly self: HostId;
  /** From `loadHostKey`. */
  readonly key: HostKey;
  /** All members, this host included or not. */
  readonly members: readonly Member[];
  /** Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/7946`. */
  readonly listen: readonly string[];
  /** T_fence of the fleet's profile: a silent peer is noticed in at most half of it. */
  readonly fenceMs: number;
  /** From `loadNetworkKey`: who does not have it cannot even begin the handshake. Absent: one ring only. */
  readonly networkKey?: Uint8Array;
  /**
   * Looks for members on the local network by multicast DNS as well, and answers those who look: for hosts whose address changes. Only
   * private addresses are told and found. @default false: the signed list says where everybody is
   */
  readonly mdns?: boolean | { readonly port: number };
  readonly log?: (line: PeerLogLine) => void;
}
