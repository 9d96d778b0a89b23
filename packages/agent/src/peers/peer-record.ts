import type { HostId } from "@berth/claims";
import type { Member, MemberStatus, PeerDown, PeerUp } from "../ports/peer-network.ts";
import { ByteAllowance, directRate } from "./byte-allowance.ts";
import { GossipSequence } from "./gossip-sequence.ts";

/** What is remembered of one member between its connections. All times are of the awake clock. */
export class PeerRecord {
  readonly sequence = new GossipSequence();
  /** For gossip. */
  readonly allowance = new ByteAllowance();
  /** For what comes over its link. */
  readonly direct = new ByteAllowance(directRate);
  /** When it and others were asked whether it lives; undefined while it is heard. */
  suspectedMs: number | undefined;
  /** When the others were asked last. */
  askedMs = Number.NEGATIVE_INFINITY;
  /** When the link was lost; undefined while there is one, and before the first. */
  lostMs: number | undefined;
  #member: Member;
  #state: MemberStatus["state"] = "down";
  #sinceMs: number;
  #heardMs: number | undefined;
  #features: readonly string[] = [];
  /** Others that heard it, and when. */
  readonly #heardBy = new Map<HostId, number>();

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
    this.suspectedMs = undefined;
    if (this.#heardBy.size > 0) this.#heardBy.clear();
  }

  /** Another host answers when it heard this one; undefined when it does not. */
  heardThrough(host: HostId, atMs: number | undefined): void {
    if (atMs === undefined) this.#heardBy.delete(host);
    else this.#heardBy.set(host, atMs);
  }

  /** Who has heard it since then. */
  heardBySince(sinceMs: number): HostId[] {
    return [...this.#heardBy].filter(([, atMs]) => atMs >= sinceMs).map(([host]) => host);
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

  /** The event to tell, unless it was not up. What others said since `sinceMs` counts. */
  down(nowMs: number, reason: PeerDown["reason"], sinceMs: number): PeerDown | undefined {
    if (this.#state !== "up") return undefined;
    this.#enter("down", nowMs);
    this.suspectedMs = undefined;
    const heardBy = this.heardBySince(sinceMs);
    return { kind: "down", host: this.#member.hostId, reason, heardAgeMs: this.silentMs(nowMs), heardBy };
  }

  /** Connected, and nothing to say to each other. */
  incompatible(nowMs: number): void {
    if (this.#state === "down") this.#enter("incompatible", nowMs);
  }

  /** `sinceMs`: what others heard before that is old. */
  status(
    nowMs: number,
    sinceMs: number,
    link: { readonly roundTripMs: number | undefined; readonly queuedBytes: number } | undefined,
  ) {
    const status: MemberStatus = {
      member: this.#member,
      state: this.#state,
      stateAgeMs: nowMs - this.#sinceMs,
      ...(this.#heardMs !== undefined && { heardAgeMs: nowMs - this.#heardMs }),
      ...(link?.roundTripMs !== undefined && { roundTripMs: link.roundTripMs }),
      features: this.#features,
      queuedBytes: link?.queuedBytes ?? 0,
      ...(this.suspectedMs !== undefined && { suspectedMs: nowMs - this.suspectedMs }),
      heardBy: this.heardBySince(sinceMs),
    };
    return status;
  }

  #enter(state: MemberStatus["state"], nowMs: number): void {
    this.#state = state;
    this.#sinceMs = nowMs;
  }
}
