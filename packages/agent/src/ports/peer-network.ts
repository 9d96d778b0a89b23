import type { HostId, Message } from "@berth/claims";

/** What a member may do. An `observer` reads gossip and asks for it, and nothing that it says counts. */
export type MemberRole = "voter" | "member" | "observer";

/** One host that may connect. The list of them is the whole authorisation: whoever is not on it is refused. */
export interface Member {
  readonly hostId: HostId;
  /** libp2p's peer id: the host's Ed25519 public key in text form. */
  readonly peerId: string;
  /** Multiaddrs without `/p2p`, such as `/ip4/192.0.2.7/tcp/7946`; empty for one that only connects itself. */
  readonly addresses: readonly string[];
  readonly role: MemberRole;
}

/** What this host knows of one member, itself left out. All ages are milliseconds at the time of the call. */
export interface MemberStatus {
  readonly member: Member;
  /**
   * `up`: heard within the limit, and votes can be sent. `down`: not. `incompatible`: connected, but the two releases share no
   * major version of the protocol.
   */
  readonly state: "up" | "down" | "incompatible";
  /** Since the state last changed, or since `start`. */
  readonly stateAgeMs: number;
  /** Since anything valid was last heard from it directly; absent when never. This agent's own lag is not counted. */
  readonly heardAgeMs?: number;
  /** Round trip of the last heartbeat, the peer's own waiting taken off. */
  readonly roundTripMs?: number;
  /** What the peer's release says that it can, from its hello. */
  readonly features: readonly string[];
  /** Bytes that wait to be sent to it. */
  readonly queuedBytes: number;
  /**
   * Nothing was heard from it for a while: it and a few others have been asked. Milliseconds since then; absent while all is
   * well. A suspected peer is `up` until nobody could confirm it.
   */
  readonly suspectedMs?: number;
  /** Others that say that they hear it, while this host does not: the link is broken and not the peer. */
  readonly heardBy: readonly HostId[];
}

/** A member became reachable. */
export interface PeerUp {
  readonly kind: "up";
  readonly host: HostId;
  /** How long it was not; absent at the first time. */
  readonly downMs?: number;
  readonly features: readonly string[];
}

/** A member is not heard any more. It may live: only its lease's end says that it does not (protocol, section 4). */
export interface PeerDown {
  readonly kind: "down";
  readonly host: HostId;
  /** `silent`: connected, but nothing was heard. `closed`: the connection is gone. `removed`: taken off the list. */
  readonly reason: "silent" | "closed" | "removed";
  /** Since it was last heard. */
  readonly heardAgeMs: number;
  /** Others that say that they still hear it: then the link is broken and not the peer. */
  readonly heardBy: readonly HostId[];
}

/** Why a message was not queued. Each is counted; the protocol repeats what matters. */
export type SendOutcome =
  | { readonly kind: "queued" }
  | {
      readonly kind: "dropped";
      /** `backlog`: the peer reads too slowly and the oldest waiting frames do not make room. */
      readonly reason:
        | "not-started"
        | "unknown-host"
        | "not-connected"
        | "oversize"
        | "backlog"
        /** Its release does not know what this is. */
        | "unsupported"
        /** Its role is not to see it, or this host's own role is not to say it. */
        | "not-entitled";
    };

/** What is counted, for `/metrics`: `berth_peer_<name>_total`, with underscores for dashes. */
export type PeerCounter =
  /** A connection that the list, the private-network key, or the limits on connections did not let in. */
  | "refused"
  /** Of those: somebody who is not on the member list. */
  | "unknown-peer"
  /** Of those: the host that answered at a member's address has another key. */
  | "wrong-key"
  /** A stream or message that belongs to another fleet. */
  | "wrong-fleet"
  /** More bytes than a message may have, received or about to be sent. */
  | "oversize"
  /** Bytes that do not decode, or do not fit the schema of their kind. */
  | "malformed"
  /** A gossip batch or frame with a number that was seen before, or of an earlier life of its origin. */
  | "replayed"
  /** A gossip entry whose signature is not its origin's. */
  | "bad-proof"
  /** A message that its sender's role does not allow. */
  | "role-refused"
  /** Gossip or messages of a member that come faster than a fleet of guests can change. */
  | "flooded"
  /** A peer that did not read: frames dropped, stream cut. */
  | "slow-reader"
  /** A silent peer that was asked, and others about it, before it counts as down. */
  | "suspected"
  /** A frame that waited too long to be worth sending. */
  | "expired"
  /** A peer whose release shares no major version with ours. */
  | "incompatible"
  /** A connected peer without streams or subscription that was cut, to be dialled anew. */
  | "guard-cut"
  /** Gossip batches that were missing and asked for. */
  | "gap-pulled"
  /** Missing batches that the origin no longer had: the digests repair these. */
  | "gap-lost"
  /** A host came into the fleet by a token that was made here. */
  | "joined"
  /** A host that knocked with a token that is not good, or could not be let in. */
  | "join-refused"
  /** An address of a member that the local network told. */
  | "discovered"
  | "dialled"
  | "dial-failed"
  | "received"
  | "sent"
  | "published";

/** One line for the log. `code` is stable, `text` is free to change. At most one line per code, peer and second. */
export interface PeerLogLine {
  readonly level: "info" | "warning";
  readonly code: PeerCounter | "up" | "down" | "started" | "stopped";
  readonly text: string;
  readonly host?: HostId;
}

/**
 * The other agents of the fleet. Who a message came from is authenticated before a listener sees it, and every message has
 * passed the schema of its kind. Nothing here waits for a peer: what cannot be sent is dropped and counted.
 */
export interface PeerNetwork {
  readonly self: HostId;
  /** This host's peer id, as it belongs on the other hosts' member lists. */
  readonly peerId: string;
  /** Where this host listens, with the real port; empty before `start`. */
  readonly addresses: readonly string[];
  /** @throws AgentError OPERATION_FAILED when no address can be listened on. */
  start(): Promise<void>;
  /** Ends every connection, timer and stream. Cannot be started again. */
  stop(): Promise<void>;
  /** Sends one message to one peer over its stream. `host` must not be this host: the driver delivers those itself. */
  send(host: HostId, message: Message): SendOutcome;
  /**
   * Publishes one message to every member. A `gossip-push` that is too big is cut into several. Batches that get lost on
   * the way are pulled from their origin; order between batches of one origin is not kept.
   */
  broadcast(message: Message): SendOutcome;
  /** Calls back for each message; returns the function that ends it. */
  onMessage(listener: (from: HostId, message: Message) => void): () => void;
  onPeerUp(listener: (event: PeerUp) => void): () => void;
  onPeerDown(listener: (event: PeerDown) => void): () => void;
  /** Every member but this host, with the age of what is known of it. */
  members(): readonly MemberStatus[];
  /** Replaces the member list. Connections of those who are no longer on it are cut at once. */
  replaceMembers(members: readonly Member[]): void;
  /** Counts and says something about a peer that the network itself did not see, such as a host at the door. */
  report(counter: PeerCounter, text: string, host?: HostId): void;
  /** Counts since `start`. */
  counters(): Readonly<Record<PeerCounter, number>>;
}
