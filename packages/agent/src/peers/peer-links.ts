import type { HostId } from "@berth/claims";
import type { Connection, Stream } from "@libp2p/interface";
import { AgentError } from "../agent-error.ts";
import type { Member } from "../ports/peer-network.ts";
import type { PeerNode } from "./libp2p-node.ts";
import type { MemberList } from "./member-list.ts";
import { PeerLink, type PeerLinkEvents, type PeerLinkParts } from "./peer-link.ts";
import { beatPauseMs } from "./peer-timing.ts";
import type { ProtocolNames } from "./protocol-names.ts";

/** What the links need. */
export interface PeerLinksParts extends PeerLinkParts {
  readonly node: PeerNode;
  readonly names: ProtocolNames;
  readonly members: () => MemberList;
  /** What a peer may take to greet. */
  readonly greetMs: number;
  /** Peers that get every heartbeat; with more, each has its turn. */
  readonly beatPeersMax: number;
}

/** The link to each member: opened by whoever dialled, taken by the other. A newer link replaces an older one. */
export class PeerLinks {
  readonly #parts: PeerLinksParts;
  readonly #events: PeerLinkEvents;
  readonly #links = new Map<HostId, PeerLink>();

  constructor(parts: PeerLinksParts, events: PeerLinkEvents) {
    this.#parts = parts;
    this.#events = {
      ...events,
      onEnd: (link) => {
        if (this.#links.get(link.member.hostId) !== link) return;
        this.#links.delete(link.member.hostId);
        events.onEnd(link);
      },
    };
  }

  /** Registers the two kinds of streams. */
  async start(): Promise<void> {
    const { node, names } = this.#parts;
    const options = { maxInboundStreams: 2, maxOutboundStreams: 2 };
    for (const major of names.majors) {
      await node.handle(names.messages(major), (stream, connection) => this.#onMessages(stream, connection), options);
      await node.handle(names.heartbeats(major), (stream, connection) => this.#onBeats(stream, connection), options);
    }
  }

  get(host: HostId): PeerLink | undefined {
    return this.#links.get(host);
  }

  all(): readonly PeerLink[] {
    return [...this.#links.values()];
  }

  /**
   * Opens the link over a connection that this host dialled, until `signal`.
   *
   * @throws libp2p's UnsupportedProtocolError where the other side shares no major, or belongs to another fleet
   */
  async open(connection: Connection, member: Member, signal: AbortSignal): Promise<void> {
    const { names } = this.#parts;
    const offers = names.majors.map((major) => names.messages(major));
    const stream = await connection.newStream(offers, { signal });
    const major = names.majorOf(stream.protocol);
    const link = this.#take(new PeerLink({ connection, member, major }, stream, this.#parts, this.#events));
    const beats = await connection.newStream(names.heartbeats(major), { signal });
    link.attachHeartbeats(beats);
  }

  /** Between two heartbeats to one peer, and of each peer to this host. Milliseconds. */
  get beatPauseMs(): number {
    return beatPauseMs(this.#parts.timing, this.#links.size, this.#parts.beatPeersMax);
  }

  /** Sends heartbeats that are due, and ends links whose peer does not greet. */
  tick(nowMs: number): void {
    const pauseMs = this.beatPauseMs;
    // Where they take turns each link has its own moment, evenly spread: of those that wait for a dead peer, one waits only a moment.
    const inTurns = pauseMs > this.#parts.timing.beatMs;
    for (const [slot, link] of this.all().entries()) {
      if (link.hello === undefined && nowMs - link.openedMs > this.#parts.greetMs) {
        link.end(new AgentError("ABORTED", `${link.member.hostId} did not greet`));
      }
      link.beat({ pauseMs, phase: inTurns ? slot / this.#links.size : 0 });
    }
  }

  #take(link: PeerLink): PeerLink {
    const older = this.#links.get(link.member.hostId);
    this.#links.set(link.member.hostId, link);
    older?.end(new AgentError("ABORTED", "a newer link takes its place"));
    return link;
  }

  #onMessages(stream: Stream, connection: Connection): void {
    const member = this.#parts.members().peer(connection.remotePeer.toString());
    if (member === undefined) {
      stream.abort(new AgentError("ABORTED", "not a member"));
      return;
    }
    const major = this.#parts.names.majorOf(stream.protocol);
    this.#take(new PeerLink({ connection, member, major }, stream, this.#parts, this.#events));
  }

  #onBeats(stream: Stream, connection: Connection): void {
    const link = this.all().find((candidate) => candidate.connection.id === connection.id);
    if (link === undefined) stream.abort(new AgentError("ABORTED", "heartbeats without a message stream"));
    else link.attachHeartbeats(stream);
  }
}
