/**
 * Suspect first, then confirm.
 *
 * Silence between two hosts has two reasons: one of them is dead, or the way between them is. So a silent peer is asked directly,
 * and three others are asked whether they hear it. An answer of its own ends the suspicion; what the others say goes
 * with the news that it is down, so that a broken link is not taken for a dead host. Nobody's word delays the news, and
 * none of it decides about guests: only a lease's end does. (SWIM, Das et al. 2002, and Lifeguard for what it takes from it.)
 */
import type { HostId } from "@berth/claims";
import type { Probe, ProbeReply } from "./frame-schema.ts";
import type { PeerLink } from "./peer-link.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { PeerRecord } from "./peer-record.ts";
import type { PeerTally } from "./peer-tally.ts";
import { type PeerTiming, suspicionMs } from "./peer-timing.ts";

/** Others that are asked about one peer: one of them may be cut off as well. */
const witnessesMax = 3;

/** What suspicion needs. */
export interface SuspicionsParts {
  readonly self: HostId;
  readonly links: PeerLinks;
  readonly timing: PeerTiming;
  readonly tally: PeerTally;
  readonly record: (host: HostId) => PeerRecord | undefined;
}

/** Asks about peers that are silent, and answers those who ask. */
export class Suspicions {
  readonly #parts: SuspicionsParts;

  constructor(parts: SuspicionsParts) {
    this.#parts = parts;
  }

  /**
   * What others heard before this says nothing of now: too long ago, or not clearly after this host heard it last. (When a host
   * dies, each of the others has heard it for the last time within one turn of heartbeats.)
   */
  sinceMs(record: PeerRecord, nowMs: number): number {
    const { suspectMs, confirmMs, tickMs } = this.#parts.timing;
    const lastHeardMs = nowMs - record.silentMs(nowMs);
    return Math.max(nowMs - 2 * (suspectMs + confirmMs), lastHeardMs + this.#parts.links.beatPauseMs + tickMs);
  }

  /** Looks at one peer. True when it was asked, had its time and did not answer. */
  isGone(record: PeerRecord, nowMs: number): boolean {
    const { timing, links } = this.#parts;
    if (record.suspectedMs === undefined && record.silentMs(nowMs) > suspicionMs(timing, links.beatPauseMs)) {
      this.#suspect(record, nowMs);
    }
    if (record.suspectedMs === undefined) return false;
    if (nowMs - record.askedMs > timing.confirmMs / 2) this.#askOthers(record, nowMs);
    return nowMs - record.suspectedMs >= timing.confirmMs;
  }

  /** Asks others again, now and then, about a peer that is down: for status. */
  lookAtDown(record: PeerRecord, nowMs: number): void {
    const { suspectMs, confirmMs } = this.#parts.timing;
    if (nowMs - record.askedMs > suspectMs + confirmMs) this.#askOthers(record, nowMs);
  }

  /** Somebody asks. Whoever did not hear that host either, and would have waited longer, looks for itself at once. */
  answer(from: PeerLink, { host }: Probe, nowMs: number): void {
    const { self, record, timing, links } = this.#parts;
    if (host === self) {
      from.sendProbe({ t: "probed", host, heardMs: 0 });
      return;
    }
    const asked = record(host);
    if (asked === undefined) return;
    const isHeard = asked.state === "up" && asked.suspectedMs === undefined;
    from.sendProbe({ t: "probed", host, ...(isHeard && { heardMs: asked.silentMs(nowMs) }) });
    // Heard just now is alive; anything longer is worth one question, because its own turn may be far off.
    const isStale = asked.silentMs(nowMs) > timing.turnMs;
    if (isHeard && isStale && links.beatPauseMs > timing.beatMs) this.#suspect(asked, nowMs);
  }

  /** An answer. What a host says of itself is heard anyway. */
  take(from: HostId, { host, heardMs }: ProbeReply, nowMs: number): void {
    if (host === from) return;
    this.#parts.record(host)?.heardThrough(from, heardMs === undefined ? undefined : nowMs - heardMs);
  }

  #suspect(record: PeerRecord, nowMs: number): void {
    const { links, tally } = this.#parts;
    const { hostId } = record.member;
    record.suspectedMs = nowMs;
    tally.count("suspected");
    const link = links.get(hostId);
    if (link?.can("probe") === true) link.sendProbe({ t: "probe", host: hostId });
    this.#askOthers(record, nowMs);
  }

  #askOthers(record: PeerRecord, nowMs: number): void {
    const { hostId } = record.member;
    record.askedMs = nowMs;
    const others = this.#parts.links.all().filter((link) => link.member.hostId !== hostId && link.can("probe"));
    for (let asked = 0; asked < witnessesMax && others.length > 0; asked += 1) {
      const [link] = others.splice(Math.floor(Math.random() * others.length), 1);
      link?.sendProbe({ t: "probe", host: hostId });
    }
  }
}
