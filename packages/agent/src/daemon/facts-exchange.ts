import type { HostId, Now } from "@berth/claims";
import type { AgentNotice, HostFactsNotice, NoticeChannel } from "../ports/agent-notice.ts";

/** At most this often, and this often when nothing changes. @default 10 s: hosts x hosts small messages */
const periodMs = 10_000;
/** A change of these is told at once; ages and clocks change all the time and wait for the period. */
type Settled = Omit<HostFactsNotice, "wallClockMs" | "hears">;

/** What hosts say of themselves beside the protocol: told to all peers, and remembered of them. */
export class FactsExchange {
  readonly #channel: NoticeChannel;
  readonly #facts: () => HostFactsNotice;
  readonly #heard = new Map<HostId, { readonly what: HostFactsNotice; readonly bootMs: number }>();
  #toldMs = Number.NEGATIVE_INFINITY;
  #toldText = "";

  constructor(components: { readonly channel: NoticeChannel; readonly facts: () => HostFactsNotice }) {
    this.#channel = components.channel;
    this.#facts = components.facts;
  }

  /** By host, with the boot time at which each arrived. */
  get heard(): ReadonlyMap<HostId, { readonly what: HostFactsNotice; readonly bootMs: number }> {
    return this.#heard;
  }

  /** To be called about once a second: tells when something changed, or when it is time. */
  tick(now: Now): void {
    const facts = this.#facts();
    const { wallClockMs: _, hears: __, ...rest } = facts;
    const settled: Settled = rest;
    const text = JSON.stringify(settled);
    if (text === this.#toldText && now.bootMs - this.#toldMs < periodMs) return;
    this.#toldText = text;
    this.#toldMs = now.bootMs;
    this.#channel.broadcastNotice({ kind: "facts", facts });
  }

  /** A peer that has just come up knows nothing of us. */
  peerUp(host: HostId): void {
    this.#channel.sendNotice(host, { kind: "facts", facts: this.#facts() });
  }

  take(from: HostId, notice: AgentNotice, now: Now): void {
    if (notice.kind === "facts") this.#heard.set(from, { what: notice.facts, bootMs: now.bootMs });
  }

  /** Who is no member any more is forgotten. */
  retain(members: ReadonlySet<HostId>): void {
    for (const host of this.#heard.keys()) if (!members.has(host)) this.#heard.delete(host);
  }
}
