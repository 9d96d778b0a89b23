import type { Member, MemberStatus, PeerDown, PeerUp } from "../ports/peer-network.ts";
import { ByteAllowance } from "./byte-allowance.ts";
import { GossipSequence } from "./gossip-sequence.ts";

/** What is remembered of one member between its connections. All times are of the awake clock. */
export class PeerRecord {
  readonly sequence = new GossipSequence();
  readonly allowance = new ByteAllowance();
  /** When the link was lost; undefined while there is one, and before the first. */
  lostMs: number | undefined;
  #member: Member;
  #state: MemberStatus["state"] = "down";
  #sinceMs: number;
  #heardMs: number | undefined;
  #features: readonly string[] = [];

  constructor(member: Member, nowMs: number) {
    this.#member = member;
    this.#sinceMs = nowMs;
  }

  get member(): Member {
    return this.#member;
  }

  set member(member: Member) {
    this.#member = member;
  }

  get state(): MemberStatus["state"] {
    return this.#state;
  }

  get features(): readonly string[] {
    return this.#features;
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  silentMs(nowMs: number): number {
    return nowMs - (this.#heardMs ?? this.#sinceMs);
  }

  /** The event to tell, unless it was up already. */
  up(nowMs: number, features: readonly string[]): PeerUp | undefined {
    const wasHeard = this.#heardMs !== undefined;
    const downMs = nowMs - this.#sinceMs;
    this.#features = features;
    this.lostMs = undefined;
    this.heard(nowMs);
    if (this.#state === "up") return undefined;
    this.#enter("up", nowMs);
    return { kind: "up", host: this.#member.hostId, ...(wasHeard && { downMs }), features };
  }

  /** The event to tell, unless it was not up. */
  down(nowMs: number, reason: PeerDown["reason"]): PeerDown | undefined {
    if (this.#state !== "up") return undefined;
    this.#enter("down", nowMs);
    return { kind: "down", host: this.#member.hostId, reason, heardAgeMs: this.silentMs(nowMs) };
  }

  /** Connected, and nothing to say to each other. */
  incompatible(nowMs: number): void {
    if (this.#state === "down") this.#enter("incompatible", nowMs);
  }

  status(nowMs: number, link: { readonly roundTripMs: number | undefined; readonly queuedBytes: number } | undefined) {
    const status: MemberStatus = {
      member: this.#member,
      state: this.#state,
      stateAgeMs: nowMs - this.#sinceMs,
      ...(this.#heardMs !== undefined && { heardAgeMs: nowMs - this.#heardMs }),
      ...(link?.roundTripMs !== undefined && { roundTripMs: link.roundTripMs }),
      features: this.#features,
      queuedBytes: link?.queuedBytes ?? 0,
    };
    return status;
  }

  #enter(state: MemberStatus["state"], nowMs: number): void {
    this.#state = state;
    this.#sinceMs = nowMs;
  }
}
