import type { HostId, Message } from "@berth/claims";
import { type Message as PublishedMessage, TopicValidatorResult } from "@libp2p/gossipsub";
import type { Connection, PeerId } from "@libp2p/interface";
import type { Member, SendOutcome } from "../ports/peer-network.ts";
import { batchSchema, type GossipBatch, type GossipPosition } from "./frame-schema.ts";
import { GossipHistory } from "./gossip-history.ts";
import type { Arrival } from "./gossip-sequence.ts";
import type { PeerNode } from "./libp2p-node.ts";
import type { MemberList } from "./member-list.ts";
import { MeshWidth } from "./mesh-width.ts";
import { splitMessage } from "./message-rules.ts";
import type { PeerGuards } from "./peer-guards.ts";
import type { PeerTally } from "./peer-tally.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import { decodeFrame, encodeFrame, frameBytesMax } from "./wire-codec.ts";

/** What gossip needs. */
export interface GossipTopicParts {
  readonly self: HostId;
  readonly node: PeerNode;
  readonly names: ProtocolNames;
  readonly guards: PeerGuards;
  readonly tally: PeerTally;
  readonly members: () => MemberList;
  /** The highest major that every connected member speaks. */
  readonly commonMajor: () => number;
}

/** What gossip tells. */
export interface GossipTopicEvents {
  /** Whether this member may publish as much as that now. */
  readonly isAllowed: (member: Member, bytes: number) => boolean;
  readonly onArrival: (member: Member, position: GossipPosition) => Arrival;
  readonly onMessage: (member: Member, message: Message) => void;
}

/** What a peer lacks to which gossipsub has no stream. */
export const lacksOwnStream = "a gossip stream to it";

/** Where gossipsub takes the next stream to open from. */
interface OutboundQueue {
  readonly outboundInflightQueue: { push(next: { readonly peerId: PeerId; readonly connection: Connection }): void };
}

/** Numbered batches to everybody over gossipsub, signed by their origin. */
export class GossipTopic {
  readonly history: GossipHistory;
  readonly mesh: MeshWidth;
  readonly #parts: GossipTopicParts;
  readonly #events: GossipTopicEvents;

  constructor(parts: GossipTopicParts, events: GossipTopicEvents) {
    this.#parts = parts;
    this.#events = events;
    const { node, names } = parts;
    this.mesh = new MeshWidth(
      node.services.gossip,
      names.majors.map((major) => names.topic(major)),
    );
    // The wall clock only tells one start of this host from the next; peers take a smaller one from a greeting.
    this.history = new GossipHistory(Date.now());
  }

  /** Subscribes. */
  start(): void {
    const { node, names } = this.#parts;
    for (const major of names.majors) {
      const topic = names.topic(major);
      node.services.gossip.topicValidators.set(topic, (_source, message) => this.#onPublished(message));
      node.services.gossip.subscribe(topic);
    }
  }

  /** Publishes one message; a push that is too big goes as two halves, each in its turn. */
  publish(message: Message): SendOutcome {
    const { self, guards, tally, node, names } = this.#parts;
    const batch: GossipBatch = { t: "batch", ...this.history.next, origin: self, m: message };
    const bytes = encodeFrame(batch);
    if (guards.checkSize && bytes.length > frameBytesMax) return this.#publishHalves(message);
    this.history.add(bytes);
    tally.count("published");
    node.services.gossip.publish(names.topic(this.#parts.commonMajor()), bytes).catch((error: unknown) => {
      // Whoever misses it sees the number missing and pulls it.
      tally.warn("slow-reader", `a gossip batch was not published to all: ${String(error)}`);
    });
    return { kind: "queued" };
  }

  /** Has gossipsub open its stream to a peer: it tries once for each connection, and two seconds are not enough for a busy host. */
  reopen(peerId: PeerId, connection: Connection): void {
    const gossip = this.#parts.node.services.gossip as unknown as OutboundQueue;
    gossip.outboundInflightQueue.push({ peerId, connection });
  }

  /** What gossip with a connected peer lacks: our stream to it, its stream to us, or its subscription. */
  lackOf(peerId: PeerId, connections: readonly Connection[], major: number): string | undefined {
    const { node, names } = this.#parts;
    const protocols = names.gossip;
    const streams = connections
      .flatMap(({ streams }) => streams)
      .filter(({ protocol }) => protocols.includes(protocol));
    if (!streams.some((s) => s.direction === "outbound" && s.writeStatus === "writable")) return lacksOwnStream;
    if (!streams.some((s) => s.direction === "inbound" && s.remoteWriteStatus === "writable")) {
      return "a gossip stream from it";
    }
    const subscribers = node.services.gossip.getSubscribers(names.topic(major));
    return subscribers.some((subscriber) => subscriber.equals(peerId)) ? undefined : "its subscription";
  }

  /** Reads one batch, published or pulled. */
  read(member: Member, bytes: Uint8Array): GossipBatch | undefined {
    const { tally } = this.#parts;
    const decoded = decodeFrame(bytes, batchSchema);
    if (decoded.kind !== "ok") {
      const why = decoded.kind === "malformed" ? decoded.reason : "above the limit";
      tally.warn(decoded.kind, `a gossip batch of ${member.hostId} does not fit: ${why}`, member.hostId);
      return undefined;
    }
    if (decoded.value.origin === member.hostId) return decoded.value;
    tally.warn("malformed", `${member.hostId} publishes in the name of ${decoded.value.origin}`, member.hostId);
    return undefined;
  }

  #publishHalves(message: Message): SendOutcome {
    const halves = splitMessage(message);
    if (halves === undefined) {
      this.#parts.tally.warn("oversize", `a ${message.kind} is too big to be published`);
      return { kind: "dropped", reason: "oversize" };
    }
    const outcomes = halves.map((half) => this.publish(half));
    return outcomes.find(({ kind }) => kind === "dropped") ?? { kind: "queued" };
  }

  /** Called once per message, after gossipsub has verified the signature. What is rejected is not passed on either. */
  #onPublished(message: PublishedMessage): TopicValidatorResult {
    if (message.type !== "signed") return TopicValidatorResult.Reject;
    const { tally, members } = this.#parts;
    const member = members().peer(message.from.toString());
    if (member === undefined) {
      tally.warn("unknown-peer", `gossip of ${message.from}, who is not on the member list`);
      return TopicValidatorResult.Reject;
    }
    if (!this.#events.isAllowed(member, message.data.length)) {
      // Not rejected: an honest host's batches are pulled later, at the pace of the pulls.
      tally.warn("flooded", `${member.hostId} publishes too much`, member.hostId);
      return TopicValidatorResult.Ignore;
    }
    const batch = this.read(member, message.data);
    if (batch === undefined) return TopicValidatorResult.Reject;
    switch (this.#events.onArrival(member, batch)) {
      case "new":
        this.#events.onMessage(member, batch.m);
        return TopicValidatorResult.Accept;
      case "duplicate":
        return TopicValidatorResult.Accept;
      case "replayed":
        tally.warn("replayed", `batch ${batch.seq} of ${member.hostId} came before`, member.hostId);
        return TopicValidatorResult.Ignore;
    }
  }
}
