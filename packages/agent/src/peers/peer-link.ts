import type { Message } from "@berth/claims";
import type { Connection, Stream } from "@libp2p/interface";
import { AgentError } from "../agent-error.ts";
import type { AgentNotice } from "../ports/agent-notice.ts";
import type { Member } from "../ports/peer-network.ts";
import type { AwakeClock } from "./awake-clock.ts";
import { FrameChannel } from "./frame-channel.ts";
import {
  type GossipPosition,
  type Hello,
  heartbeatSchema,
  helloSchema,
  linkFrameSchema,
  type NoticeFrame,
  type Probe,
  type ProbeReply,
} from "./frame-schema.ts";
import { cutText, NoticeAssembly } from "./notice-parts.ts";
import type { PeerTally } from "./peer-tally.ts";
import type { PeerTiming } from "./peer-timing.ts";
import { type Decoded, decodeFrame, encodeFrame } from "./wire-codec.ts";

/** Frames that do not fit before a link is cut. A few are another release's; a stream of them is an attack or a bug. */
const malformedMax = 32;
/** Heartbeats whose sending time is remembered for the round trip. */
const beatsRemembered = 16;

/** What a link needs of its host. */
export interface PeerLinkParts {
  readonly fleet: string;
  readonly tally: PeerTally;
  readonly timing: PeerTiming;
  readonly clock: AwakeClock;
  /** This host's own greeting, with its gossip's position of now. */
  readonly hello: () => Hello;
}

/** What a link tells its host. */
export interface PeerLinkEvents {
  /** The peer's hello came. */
  readonly onGreeted: (link: PeerLink, hello: Hello) => void;
  /** Anything valid came. */
  readonly onHeard: (link: PeerLink) => void;
  readonly onMessage: (link: PeerLink, message: Message) => void;
  readonly onNotice: (link: PeerLink, notice: AgentNotice) => void;
  readonly onProbe: (link: PeerLink, probe: Probe) => void;
  readonly onProbed: (link: PeerLink, reply: ProbeReply) => void;
  /** Whether this member may say as much as that now. */
  readonly isAllowed: (link: PeerLink, bytes: number) => boolean;
  readonly onPosition: (link: PeerLink, position: GossipPosition) => void;
  readonly onEnd: (link: PeerLink) => void;
}

/** What a link joins. */
export interface PeerLinkEnds {
  readonly connection: Connection;
  readonly member: Member;
  readonly major: number;
}

/** One connection to one member: a stream for messages and one for heartbeats. Both end together. */
export class PeerLink {
  readonly connection: Connection;
  readonly member: Member;
  readonly major: number;
  readonly openedMs: number;
  readonly #parts: PeerLinkParts;
  readonly #events: PeerLinkEvents;
  readonly #messages: FrameChannel;
  readonly #sentMs = new Map<number, number>();
  readonly #notices = new NoticeAssembly();
  #noticeNumber = 0;
  #beats: FrameChannel | undefined;
  #hello: Hello | undefined;
  #beatNumber = 0;
  #lastTurn = -1;
  #heardBeat = { n: 0, atMs: 0 };
  #malformed = 0;
  #roundTripMs: number | undefined;
  #ended = false;

  constructor(ends: PeerLinkEnds, stream: Stream, parts: PeerLinkParts, events: PeerLinkEvents) {
    this.connection = ends.connection;
    this.member = ends.member;
    this.major = ends.major;
    this.#parts = parts;
    this.#events = events;
    this.openedMs = parts.clock.nowMs;
    this.#messages = this.#channel(stream, (bytes) => this.#onMessageFrame(bytes));
    this.#messages.offer(encodeFrame(parts.hello()), "urgent");
  }

  /** The peer's greeting, once it came. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** Both streams are open and the peer has greeted. */
  get isWhole(): boolean {
    return !this.#ended && this.#hello !== undefined && this.#beats !== undefined;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  get queuedBytes(): number {
    return this.#messages.queuedBytes;
  }

  attachHeartbeats(stream: Stream): void {
    if (this.#ended || this.#beats !== undefined) {
      stream.abort(new AgentError("ABORTED", "there is a heartbeat stream already"));
      return;
    }
    this.#beats = this.#channel(stream, (bytes) => this.#onBeatFrame(bytes));
  }

  send(bytes: Uint8Array, priority: "urgent" | "bulk"): boolean {
    return this.#messages.offer(bytes, priority);
  }

  /** What the peer's release says that it can. */
  can(feature: string): boolean {
    return this.#hello?.features.includes(feature) === true;
  }

  /** Sends a notice, in as many frames as it needs; false when there is no room. */
  sendNotice(text: string): boolean {
    this.#noticeNumber += 1;
    const pieces = cutText(text);
    return pieces.every((piece, part) => {
      const frame: NoticeFrame = { t: "notice", id: this.#noticeNumber, part, parts: pieces.length, text: piece };
      return this.#messages.offer(encodeFrame(frame), "bulk");
    });
  }

  /** Asks the peer whether it hears a host, or answers that. */
  sendProbe(frame: Probe | ProbeReply): void {
    this.#messages.offer(encodeFrame(frame), "urgent");
  }

  /**
   * Sends a heartbeat once in `pauseMs`; `phase` says when, from 0 to 1. With the same phase all hosts send theirs at the same moment of
   * the day, so that each wakes up once to write them all and once to read them all.
   */
  beat({ pauseMs, phase }: { readonly pauseMs: number; readonly phase: number }): void {
    const now = performance.now();
    // By what has passed and not by what is now: a late tick must not lose a turn.
    const turn = Math.floor(Date.now() / pauseMs + phase);
    if (this.#beats === undefined || turn === this.#lastTurn) return;
    this.#lastTurn = turn;
    this.#beatNumber += 1;
    this.#sentMs.set(this.#beatNumber, now);
    this.#sentMs.delete(this.#beatNumber - beatsRemembered);
    const { life, seq } = this.#parts.hello();
    const { n, atMs } = this.#heardBeat;
    const heldMs = n === 0 ? 0 : now - atMs;
    this.#beats.offer(encodeFrame({ t: "beat", life, seq, n: this.#beatNumber, echo: n, heldMs }), "urgent");
  }

  /** Ends both streams; the connection stays for whoever else uses it. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#messages.end(error);
    this.#beats?.end(error);
    this.#events.onEnd(this);
  }

  #channel(stream: Stream, onFrame: (bytes: Uint8Array) => void): FrameChannel {
    const { tally, timing } = this.#parts;
    return new FrameChannel(stream, { onFrame, onEnd: (error) => this.end(error) }, { frameMs: timing.frameMs, tally });
  }

  #onMessageFrame(bytes: Uint8Array): void {
    if (this.#hello === undefined) {
      this.#onHello(this.#valid(decodeFrame(bytes, helloSchema)));
      return;
    }
    if (!this.#isAllowed(bytes)) return;
    const frame = this.#valid(decodeFrame(bytes, linkFrameSchema));
    if (frame === undefined) return;
    this.#events.onHeard(this);
    switch (frame.t) {
      case "message":
        this.#events.onMessage(this, frame.m);
        return;
      case "notice":
        this.#onNoticePart(frame);
        return;
      case "probe":
        this.#events.onProbe(this, frame);
        return;
      case "probed":
        this.#events.onProbed(this, frame);
        return;
    }
  }

  #onNoticePart(frame: NoticeFrame): void {
    const arrival = this.#notices.take(frame);
    if (arrival.kind === "waiting") return;
    if (arrival.kind === "replayed") {
      this.#parts.tally.warn("replayed", `${this.member.hostId} repeats notice ${frame.id}`, this.member.hostId);
      return;
    }
    const notice = this.#valid(arrival);
    if (notice !== undefined) this.#events.onNotice(this, notice);
  }

  /** Asked before anything is decoded, so that a flood costs as little as it can. */
  #isAllowed(bytes: Uint8Array): boolean {
    if (this.#events.isAllowed(this, bytes.length)) return true;
    this.#parts.tally.warn("flooded", `${this.member.hostId} sends too much`, this.member.hostId);
    return false;
  }

  #onHello(hello: Hello | undefined): void {
    const { hostId } = this.member;
    if (hello === undefined) {
      this.end();
    } else if (hello.fleet !== this.#parts.fleet) {
      this.#parts.tally.warn("wrong-fleet", `${hostId} says that it belongs to fleet ${hello.fleet}`, hostId);
      this.end();
    } else if (hello.host !== hostId) {
      this.#parts.tally.warn("malformed", `${hostId} calls itself ${hello.host}`, hostId);
      this.end();
    } else {
      this.#hello = hello;
      this.#events.onGreeted(this, hello);
    }
  }

  #onBeatFrame(bytes: Uint8Array): void {
    if (!this.#isAllowed(bytes)) return;
    const beat = this.#valid(decodeFrame(bytes, heartbeatSchema));
    if (beat === undefined) return;
    const { hostId } = this.member;
    if (beat.n <= this.#heardBeat.n) {
      this.#parts.tally.warn("replayed", `${hostId} repeats heartbeat ${beat.n}`, hostId);
      return;
    }
    const now = performance.now();
    this.#heardBeat = { n: beat.n, atMs: now };
    const sentMs = this.#sentMs.get(beat.echo);
    if (sentMs !== undefined) this.#roundTripMs = Math.max(0, now - sentMs - beat.heldMs);
    this.#events.onHeard(this);
    this.#events.onPosition(this, beat);
  }

  #valid<T>(decoded: Decoded<T>): T | undefined {
    switch (decoded.kind) {
      case "ok":
        return decoded.value;
      case "oversize":
        this.#parts.tally.warn("oversize", "a frame above the limit", this.member.hostId);
        this.end();
        return undefined;
      case "malformed":
        this.#parts.tally.warn("malformed", `a frame does not fit: ${decoded.reason}`, this.member.hostId);
        this.#malformed += 1;
        if (this.#malformed >= malformedMax) this.end();
        return undefined;
    }
  }
}
