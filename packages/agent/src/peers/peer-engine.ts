import type { HostId, Message } from "@berth/claims";
import type { Connection, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { AgentError } from "../agent-error.ts";
import type { AgentNotice } from "../ports/agent-notice.ts";
import type { Member, MemberStatus, PeerDown, PeerUp } from "../ports/peer-network.ts";
import type { AwakeClock } from "./awake-clock.ts";
import { Dialler } from "./dialler.ts";
import type { Hello } from "./frame-schema.ts";
import { GapPulls } from "./gap-pulls.ts";
import { GossipTopic, lacksOwnStream } from "./gossip-topic.ts";
import type { LanDiscovery } from "./lan-discovery.ts";
import type { PeerNode } from "./libp2p-node.ts";
import type { MemberList } from "./member-list.ts";
import type { PeerInternals } from "./peer-internals.ts";
import { negotiationMs, patienceMs } from "./peer-limits.ts";
import type { PeerLink } from "./peer-link.ts";
import { PeerLinks } from "./peer-links.ts";
import { PeerRecord } from "./peer-record.ts";
import type { PeerTally } from "./peer-tally.ts";
import type { PeerTiming } from "./peer-timing.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import { guardMs, StreamGuard } from "./stream-guard.ts";
import { Suspicions } from "./suspicions.ts";

/** A link that is replaced by another within this time was never down. Milliseconds. */
const replaceMs = 200;
/** Holes in a row that only pulls filled: gossip with this peer is dead although its streams look open. */
const deafPulls = 3;

/** What the engine is made of. */
export interface PeerEngineParts {
  readonly node: PeerNode;
  readonly fleet: string;
  readonly self: HostId;
  readonly names: ProtocolNames;
  readonly tally: PeerTally;
  readonly timing: PeerTiming;
  readonly clock: AwakeClock;
  readonly internals: PeerInternals;
  /** Absent where the local network is not asked. */
  readonly lan?: LanDiscovery;
  readonly members: () => MemberList;
}

/** What the engine tells. */
export interface PeerEngineEvents {
  readonly onMessage: (member: Member, message: Message) => void;
  readonly onNotice: (member: Member, notice: AgentNotice) => void;
  readonly onUp: (event: PeerUp) => void;
  readonly onDown: (event: PeerDown) => void;
}

/** Keeps every member connected and whole: one tick looks at silence, holes, dials and guards. */
export class PeerEngine {
  readonly node: PeerNode;
  readonly links: PeerLinks;
  readonly topic: GossipTopic;
  readonly #parts: PeerEngineParts;
  readonly #events: PeerEngineEvents;
  readonly #records = new Map<HostId, PeerRecord>();
  readonly #peerIds = new Map<string, PeerId>();
  readonly #pulls: GapPulls;
  readonly #dialler: Dialler;
  readonly #guard: StreamGuard;
  readonly #suspicions: Suspicions;
  #guardedMs = 0;

  constructor(parts: PeerEngineParts, events: PeerEngineEvents) {
    this.#parts = parts;
    this.#events = events;
    this.node = parts.node;
    const { node, names, tally, clock, members } = parts;
    const { guards } = parts.internals;
    this.links = this.#createLinks();
    this.#suspicions = new Suspicions({ ...parts, links: this.links, record: (host) => this.#records.get(host) });
    this.topic = new GossipTopic(
      { ...parts, guards, commonMajor: () => Math.min(...names.majors.slice(0, 1), ...this.#linkedMajors()) },
      {
        isAllowed: (member, bytes) => {
          const { sequence, allowance } = this.#record(member);
          sequence.arrived();
          return allowance.take(bytes, performance.now());
        },
        onArrival: (member, position) => this.#record(member).sequence.receive(position, "gossip"),
        onMessage: events.onMessage,
      },
    );
    const { history } = this.topic;
    const onBatch = (member: Member, bytes: Uint8Array) => this.#onPulled(member, bytes);
    this.#pulls = new GapPulls({ node, names, members, history, tally, onBatch });
    const diagnose = (member: Member) => this.#diagnose(member);
    const found = (member: Member) => parts.lan?.addressesOf(member) ?? [];
    const isDialled = (member: Member) => members().isDialledBySelf(member, found(member).length > 0);
    const addressesOf = (member: Member) => [...member.addresses, ...found(member)];
    this.#dialler = new Dialler({ node, links: this.links, tally, clock, isDialled, addressesOf, diagnose });
    this.#guard = new StreamGuard({
      tally,
      negotiationMs: guards.negotiationMs,
      connections: (member) => this.#connections(member),
      lackOf: (member) => this.#lackOf(member),
      reopen: (member, lack) => this.#reopen(member, lack),
      diagnose,
    });
    this.membersChanged();
  }

  /** Registers the streams, before libp2p starts. */
  async start(): Promise<void> {
    await this.links.start();
    await this.#pulls.start();
    this.node.addEventListener("connection:open", ({ detail }) => this.#onConnection(detail));
  }

  /** Joins the gossip, after libp2p has started. */
  subscribe(): void {
    this.topic.start();
  }

  async stop(): Promise<void> {
    for (const link of this.links.all()) link.end();
    await this.node.stop();
  }

  statuses(): readonly MemberStatus[] {
    const now = this.#parts.clock.nowMs;
    return [...this.#records].map(([host, record]) =>
      record.status(now, this.#suspicions.sinceMs(record, now), this.links.get(host)),
    );
  }

  /** Compares what is remembered with the list: new members are dialled, removed ones cut. */
  membersChanged(): void {
    const members = this.#parts.members();
    for (const member of members.others) this.#record(member).member = member;
    for (const [host, record] of this.#records) {
      if (members.host(host)?.peerId === record.member.peerId) continue;
      this.#records.delete(host);
      this.#peerIds.delete(record.member.peerId);
      this.#tellDown(record, "removed");
      this.links.get(host)?.end(new AgentError("ABORTED", "no member any more"));
      this.#cut(record.member);
    }
  }

  tick(): void {
    const now = this.#parts.clock.nowMs;
    const { others } = this.#parts.members();
    const { guards } = this.#parts.internals;
    this.links.tick(now);
    for (const record of this.#records.values()) {
      this.#lookAtSilence(record, now);
      if (guards.pullGaps) this.#lookAtHoles(record, now);
    }
    this.#dialler.tick(others);
    if (now - this.#guardedMs < guardMs) return;
    this.#guardedMs = now;
    this.topic.mesh.look([...this.#records.values()].some((record) => this.#isLinkBroken(record, now)));
    if (guards.cutSilent) this.#guard.look(others, now);
  }

  #createLinks(): PeerLinks {
    return new PeerLinks(
      {
        ...this.#parts,
        greetMs: patienceMs,
        beatPeersMax: this.#parts.internals.beatPeersMax,
        hello: () => this.#hello(),
      },
      {
        onGreeted: (link, hello) => this.#onGreeted(link, hello),
        onHeard: ({ member }) => this.#record(member).heard(this.#parts.clock.nowMs),
        onMessage: ({ member }, message) => this.#events.onMessage(member, message),
        onNotice: ({ member }, notice) => this.#events.onNotice(member, notice),
        onProbe: (link, probe) => this.#suspicions.answer(link, probe, this.#parts.clock.nowMs),
        onProbed: ({ member }, reply) => this.#suspicions.take(member.hostId, reply, this.#parts.clock.nowMs),
        isAllowed: ({ member }, bytes) => this.#record(member).direct.take(bytes, performance.now()),
        onPosition: ({ member }, position) => this.#record(member).sequence.announce(position),
        onEnd: ({ member, hello }) => {
          this.#record(member).lostMs = this.#parts.clock.nowMs;
          if (hello !== undefined) this.#dialler.lost(member.hostId);
        },
      },
    );
  }

  #hello(): Hello {
    const { fleet, self, internals } = this.#parts;
    return { t: "hello", fleet, host: self, features: internals.features, ...this.topic.history.position };
  }

  #record(member: Member): PeerRecord {
    const known = this.#records.get(member.hostId);
    if (known !== undefined) return known;
    const made = new PeerRecord(member, this.#parts.clock.nowMs);
    // A message of a removed member may still be on its way in; it must not bring the member back.
    if (this.#parts.members().host(member.hostId) !== undefined) this.#records.set(member.hostId, made);
    return made;
  }

  #linkedMajors(): readonly number[] {
    return this.links.all().map(({ major }) => major);
  }

  #connections(member: Member): readonly Connection[] {
    return this.node.getConnections(this.#peerId(member));
  }

  /** Read once: the guard looks at everybody twice a second, and a key's text costs as much to read as a heartbeat. */
  #peerId({ peerId }: Member): PeerId {
    const known = this.#peerIds.get(peerId);
    if (known !== undefined) return known;
    const read = peerIdFromString(peerId);
    this.#peerIds.set(peerId, read);
    return read;
  }

  #cut(member: Member): void {
    for (const connection of this.#connections(member)) connection.abort(new AgentError("ABORTED", "cut"));
  }

  #onGreeted({ member }: PeerLink, hello: Hello): void {
    const record = this.#record(member);
    record.sequence.greet(hello);
    const event = record.up(this.#parts.clock.nowMs, hello.features);
    this.#dialler.succeeded(member.hostId);
    if (event !== undefined) this.#events.onUp(event);
  }

  /** A peer that connects anew has given up the connection before, whether we know that already or not. */
  #onConnection(connection: Connection): void {
    if (connection.direction !== "inbound" || !this.#parts.internals.guards.endOlder) return;
    for (const older of this.node.getConnections(connection.remotePeer)) {
      if (older.id !== connection.id) older.abort(new AgentError("ABORTED", "a newer connection takes its place"));
    }
  }

  #onPulled(member: Member, bytes: Uint8Array): void {
    const batch = this.topic.read(member, bytes);
    if (batch === undefined || this.#record(member).sequence.receive(batch, "pull") !== "new") return;
    this.#events.onMessage(member, batch.m);
  }

  #lookAtSilence(record: PeerRecord, now: number): void {
    if (record.state !== "up") {
      if (record.state === "down") this.#suspicions.lookAtDown(record, now);
    } else if (this.#suspicions.isGone(record, now)) {
      // Cut as well: after a partition TCP repeats itself so seldom that a new connection is sooner there.
      this.#tellDown(record, "silent");
      this.#cut(record.member);
    } else if (record.lostMs !== undefined && now - record.lostMs > replaceMs) {
      this.#tellDown(record, "closed");
    }
  }

  #tellDown(record: PeerRecord, reason: PeerDown["reason"]): void {
    const now = this.#parts.clock.nowMs;
    const event = record.down(now, reason, this.#suspicions.sinceMs(record, now));
    if (event !== undefined) this.#events.onDown(event);
  }

  #lookAtHoles(record: PeerRecord, now: number): void {
    const { member, sequence } = record;
    const link = this.links.get(member.hostId);
    if (link?.hello?.features.includes("gap-pull") !== true || this.#pulls.isPulling(member.hostId)) return;
    const hole = sequence.takeHole(now);
    if (hole !== undefined) void this.#pulls.pull(member, link.connection, link.major, hole);
    const lost = sequence.takeLost();
    if (lost > 0) this.#parts.tally.count("gap-lost", lost);
  }

  /** Not heard here, and heard by another host: what it says must come through others. */
  #isLinkBroken(record: PeerRecord, now: number): boolean {
    return record.state !== "up" && record.heardBySince(this.#suspicions.sinceMs(record, now)).length > 0;
  }

  #lackOf(member: Member): string | undefined {
    const link = this.links.get(member.hostId);
    if (link?.isWhole !== true) return "a stream for messages and heartbeats";
    if (this.#record(member).sequence.pullsWithoutGossip >= deafPulls) return "gossip that arrives";
    return this.topic.lackOf(this.#peerId(member), this.#connections(member), link.major);
  }

  #reopen(member: Member, lack: string): boolean {
    const connection = this.links.get(member.hostId)?.connection;
    if (lack !== lacksOwnStream || connection === undefined) return false;
    this.topic.reopen(this.#peerId(member), connection);
    return true;
  }

  /** Why a connected member has nothing to say to this host: its identify protocol has the fleet's name and no version. */
  async #diagnose(member: Member): Promise<string | undefined> {
    const connection = this.#connections(member)[0];
    if (connection === undefined || this.links.get(member.hostId) !== undefined) return undefined;
    const { names, tally, clock } = this.#parts;
    try {
      const signal = AbortSignal.timeout(negotiationMs);
      const { protocols } = await this.node.services.identify.identify(connection, { signal });
      if (names.majors.some((major) => protocols.includes(names.messages(major)))) return undefined;
      this.#record(member).incompatible(clock.nowMs);
      tally.warn("incompatible", `${member.hostId} speaks none of the versions ${names.majors}`, member.hostId);
      return "incompatible";
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "UnsupportedProtocolError") return undefined;
      tally.warn("wrong-fleet", `${member.hostId} has a member's key and belongs to another fleet`, member.hostId);
      return "wrong-fleet";
    }
  }
}
