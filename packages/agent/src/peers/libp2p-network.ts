import type { HostId, Message } from "@berth/claims";
import { AgentError, reasonOf } from "../agent-error.ts";
import { WallTicks } from "../clock/wall-ticks.ts";
import { type AgentNotice, type NoticeChannel, noticeTextMax } from "../ports/agent-notice.ts";
import type {
  Member,
  MemberStatus,
  PeerCounter,
  PeerDown,
  PeerNetwork,
  PeerUp,
  SendOutcome,
} from "../ports/peer-network.ts";
import { AwakeClock } from "./awake-clock.ts";
import { EntryProofs } from "./entry-proofs.ts";
import { listenForFarewells } from "./farewell-listener.ts";
import { GossipLane } from "./gossip-lane.ts";
import { LanDiscovery } from "./lan-discovery.ts";
import { createPeerNode, type PeerNode } from "./libp2p-node.ts";
import { Listeners } from "./listeners.ts";
import { MemberList } from "./member-list.ts";
import { isAllowed, priorityOf, splitMessage } from "./message-rules.ts";
import { featureOfNotice, isNoticeAllowed, nameOfNotice } from "./notice-parts.ts";
import { PeerEngine } from "./peer-engine.ts";
import { type PeerInternals, productionInternals } from "./peer-internals.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { PeerNetworkInit } from "./peer-network-init.ts";
import { PeerTally } from "./peer-tally.ts";
import { type PeerTiming, peerTiming } from "./peer-timing.ts";
import { ProtocolNames } from "./protocol-names.ts";
import { encodeFrame, frameBytesMax } from "./wire-codec.ts";

/**
 * The fleet's other agents over libp2p; not started yet.
 *
 * @throws AgentError CONFIG_INVALID for a fleet id or member list that does not hold
 */
export function createPeerNetwork(init: PeerNetworkInit): PeerNetwork & NoticeChannel {
  return new Libp2pNetwork(init);
}

/** See {@link createPeerNetwork}; a class so that tests can look inside and change the internals. */
export class Libp2pNetwork implements PeerNetwork, NoticeChannel {
  readonly self: HostId;
  readonly #init: PeerNetworkInit;
  readonly #internals: PeerInternals;
  readonly #names: ProtocolNames;
  readonly #tally: PeerTally;
  readonly #proofs: EntryProofs;
  readonly #timing: PeerTiming;
  readonly #clock: AwakeClock;
  readonly #messages = new Listeners<[HostId, Message]>();
  readonly #notices = new Listeners<[HostId, AgentNotice]>();
  readonly #ups = new Listeners<[PeerUp]>();
  readonly #downs = new Listeners<[PeerDown]>();
  #members: MemberList;
  #engine: PeerEngine | undefined;
  readonly #gossip: GossipLane<{ readonly hostId: HostId; readonly message: Message }>;
  #ticks: WallTicks | undefined;

  constructor(init: PeerNetworkInit, internals: PeerInternals = productionInternals) {
    this.self = init.self;
    this.#init = init;
    this.#internals = internals;
    this.#names = new ProtocolNames(init.fleet, internals.majors);
    this.#tally = new PeerTally(init.log);
    this.#proofs = new EntryProofs(init, this.#tally);
    this.#timing = peerTiming(init.fenceMs);
    this.#clock = new AwakeClock(this.#timing.tickMs);
    this.#members = this.#listOf(init.members);
    this.#gossip = new GossipLane({
      // Signatures are looked at here, and not for what was dropped.
      deliver: ({ hostId, message }) =>
        this.#messages.emit(hostId, this.#proofs.checked(hostId, message, this.#members)),
      onDropped: () => this.#tally.count("expired"),
      isLagging: () => this.#clock.isLagging,
    });
  }

  get peerId(): string {
    return this.#init.key.peerId;
  }

  get addresses(): readonly string[] {
    return this.#engine?.node.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, "")) ?? [];
  }

  /** libp2p itself, for tests that break something on purpose. Absent before `start`. */
  get node(): PeerNode | undefined {
    return this.#engine?.node;
  }

  /** The links to each member, for the same tests. */
  get links(): PeerLinks | undefined {
    return this.#engine?.links;
  }

  async start(): Promise<void> {
    const { guards } = this.#internals;
    const members = () => this.#members;
    const lan = this.#lanDiscovery();
    const node = await createPeerNode({
      ...{ init: this.#init, names: this.#names, guards, tally: this.#tally, members },
      ...(lan !== undefined && { lan }),
    });
    const engine = new PeerEngine(
      {
        node,
        fleet: this.#init.fleet,
        self: this.self,
        names: this.#names,
        tally: this.#tally,
        timing: this.#timing,
        clock: this.#clock,
        internals: this.#internals,
        ...(lan !== undefined && { lan }),
        members,
      },
      {
        onMessage: (member, message) => this.#accept(member, message),
        onNotice: (member, notice) => this.#acceptNotice(member, notice),
        onUp: (event) => {
          this.#tally.info("up", `${event.host} is up`, event.host);
          this.#ups.emit(event);
        },
        onDown: (event) => {
          const others = event.heardBy.length === 0 ? "" : `; ${event.heardBy.join(", ")} hears it`;
          this.#tally.info("down", `${event.host} is down: ${event.reason}${others}`, event.host);
          this.#downs.emit(event);
        },
      },
    );
    try {
      await engine.start();
      const onNotice = (member: Member, notice: AgentNotice) => this.#acceptNotice(member, notice);
      await listenForFarewells({ node, names: this.#names, members, tally: this.#tally, onNotice });
      await node.start();
    } catch (error) {
      await node.stop();
      const message = `cannot listen on ${this.#init.listen.join(", ")}: ${reasonOf(error)}`;
      throw new AgentError("OPERATION_FAILED", message, { cause: error });
    }
    engine.subscribe();
    this.#engine = engine;
    this.#clock.tick();
    this.#ticks = new WallTicks(this.#timing.tickMs, () => {
      this.#clock.tick();
      engine.tick();
    });
    this.#tally.info("started", `${this.self} listens on ${this.addresses.join(", ")} as ${this.peerId}`);
  }

  async stop(): Promise<void> {
    this.#ticks?.stop();
    this.#gossip.stop();
    const engine = this.#engine;
    this.#engine = undefined;
    this.#messages.clear();
    this.#notices.clear();
    this.#ups.clear();
    this.#downs.clear();
    await engine?.stop();
    this.#tally.info("stopped", `${this.self} has left the network`);
  }

  send(host: HostId, message: Message): SendOutcome {
    const engine = this.#engine;
    if (engine === undefined) return { kind: "dropped", reason: "not-started" };
    if (this.#members.host(host) === undefined) return { kind: "dropped", reason: "unknown-host" };
    if (!isAllowed(this.#members.selfRole, message)) return { kind: "dropped", reason: "not-entitled" };
    const link = engine.links.get(host);
    if (link?.hello === undefined) return { kind: "dropped", reason: "not-connected" };
    return this.#sendOver((bytes, priority) => link.send(bytes, priority), this.#proofs.signed(message));
  }

  broadcast(message: Message): SendOutcome {
    const engine = this.#engine;
    if (engine === undefined) return { kind: "dropped", reason: "not-started" };
    // What an observer says would be refused and logged by everybody, once a second for ever.
    if (!isAllowed(this.#members.selfRole, message)) return { kind: "dropped", reason: "not-entitled" };
    return engine.topic.publish(this.#proofs.signed(message));
  }

  onMessage(listener: (from: HostId, message: Message) => void): () => void {
    return this.#messages.add(listener);
  }

  sendNotice(host: HostId, notice: AgentNotice): SendOutcome {
    const text = JSON.stringify(notice);
    return this.#isNoticeSmall(notice, text)
      ? this.#sendNoticeText(host, notice, text)
      : { kind: "dropped", reason: "oversize" };
  }

  broadcastNotice(notice: AgentNotice): void {
    const text = JSON.stringify(notice);
    if (!this.#isNoticeSmall(notice, text)) return;
    for (const { hostId } of this.#members.others) this.#sendNoticeText(hostId, notice, text);
  }

  onNotice(listener: (from: HostId, notice: AgentNotice) => void): () => void {
    return this.#notices.add(listener);
  }

  onPeerUp(listener: (event: PeerUp) => void): () => void {
    return this.#ups.add(listener);
  }

  onPeerDown(listener: (event: PeerDown) => void): () => void {
    return this.#downs.add(listener);
  }

  members(): readonly MemberStatus[] {
    return this.#engine?.statuses() ?? [];
  }

  replaceMembers(members: readonly Member[]): void {
    this.#members = this.#listOf(members);
    this.#engine?.membersChanged();
  }

  report(counter: PeerCounter, text: string, host?: HostId): void {
    if (counter === "joined") {
      this.#tally.count(counter);
      this.#tally.info(counter, text, host);
    } else {
      this.#tally.warn(counter, text, host);
    }
  }

  counters(): Readonly<Record<PeerCounter, number>> {
    return this.#tally.read();
  }

  #listOf(members: readonly Member[]): MemberList {
    return new MemberList({ host: this.self, peerId: this.peerId }, members);
  }

  #sendOver(offer: (bytes: Uint8Array, priority: "urgent" | "bulk") => boolean, message: Message): SendOutcome {
    const bytes = encodeFrame({ t: "message", m: message });
    if (bytes.length <= frameBytesMax) {
      return offer(bytes, priorityOf(message)) ? { kind: "queued" } : { kind: "dropped", reason: "backlog" };
    }
    const halves = splitMessage(message);
    if (halves === undefined) {
      this.#tally.warn("oversize", `a ${message.kind} is too big to be sent`);
      return { kind: "dropped", reason: "oversize" };
    }
    const outcomes = halves.map((half) => this.#sendOver(offer, half));
    return outcomes.find(({ kind }) => kind === "dropped") ?? { kind: "queued" };
  }

  #lanDiscovery(): LanDiscovery | undefined {
    const { mdns = false, fleet } = this.#init;
    if (mdns === false) return undefined;
    const port = mdns === true ? undefined : mdns.port;
    return new LanDiscovery({ fleet, members: () => this.#members, tally: this.#tally, port });
  }

  #isNoticeSmall(notice: AgentNotice, text: string): boolean {
    if (text.length <= noticeTextMax) return true;
    const message = `${nameOfNotice(notice)} has ${text.length} characters, ${noticeTextMax} can be sent: it stays here`;
    this.#tally.warn("oversize", message);
    return false;
  }

  #sendNoticeText(host: HostId, notice: AgentNotice, text: string): SendOutcome {
    const engine = this.#engine;
    if (engine === undefined) return { kind: "dropped", reason: "not-started" };
    const member = this.#members.host(host);
    if (member === undefined) return { kind: "dropped", reason: "unknown-host" };
    if (!isNoticeAllowed(member.role, notice)) return { kind: "dropped", reason: "not-entitled" };
    const link = engine.links.get(host);
    if (link?.hello === undefined) return { kind: "dropped", reason: "not-connected" };
    if (!link.can("notices") || !link.can(featureOfNotice(notice))) return { kind: "dropped", reason: "unsupported" };
    return link.sendNotice(text) ? { kind: "queued" } : { kind: "dropped", reason: "backlog" };
  }

  /** A link remembers the member with whom it was opened; what that one may say is what the list says now. */
  #roleOf({ hostId, role }: Member): Member["role"] {
    return this.#members.host(hostId)?.role ?? role;
  }

  #acceptNotice(member: Member, notice: AgentNotice): void {
    const { hostId } = member;
    if (isNoticeAllowed(this.#roleOf(member), notice)) this.#notices.emit(hostId, notice);
    else this.#tally.warn("role-refused", `${hostId} is an observer and sent a notice (${notice.kind})`, hostId);
  }

  /** The last look before the protocol sees a message. */
  #accept(member: Member, message: Message): void {
    const { hostId } = member;
    this.#tally.count("received");
    if (message.fleet !== this.#init.fleet) {
      this.#tally.warn("wrong-fleet", `a ${message.kind} of ${hostId} belongs to fleet ${message.fleet}`, hostId);
    } else if (!isAllowed(this.#roleOf(member), message)) {
      this.#tally.warn("role-refused", `${hostId} is an observer and sent a ${message.kind}`, hostId);
    } else {
      if (message.kind.startsWith("gossip-")) this.#gossip.take({ hostId, message });
      else this.#messages.emit(hostId, message);
    }
  }
}
