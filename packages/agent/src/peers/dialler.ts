import type { HostId } from "@berth/claims";
import { multiaddr } from "@multiformats/multiaddr";
import { reasonOf } from "../agent-error.ts";
import type { Member } from "../ports/peer-network.ts";
import type { AwakeClock } from "./awake-clock.ts";
import type { PeerNode } from "./libp2p-node.ts";
import { dialMostMs, dialMs } from "./peer-limits.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { PeerTally } from "./peer-tally.ts";
import { isWrongKey } from "./wrong-key.ts";

/** First pause after a failure; doubled each time. Milliseconds. */
const firstPauseMs = 100;
/** Longest pause for a host that does not answer: a dial costs a millisecond, and a heal is to be noticed at once. */
const pauseMaxMs = 400;
/** Pause for a host that answered and cannot be talked to (another key, another fleet, no common version). */
const hopelessPauseMs = 30_000;

interface Attempt {
  /** Earliest moment of the next dial, of the awake clock. */
  nextMs: number;
  failures: number;
  /** Dials in a row that were given up, though something answered. */
  timeouts: number;
  /** The dial under way. */
  dial: Dial | undefined;
}

interface Dial {
  readonly untilMs: number;
  readonly limit: AbortController;
}

/** What the dialler needs. */
export interface DiallerParts {
  readonly node: PeerNode;
  readonly links: PeerLinks;
  readonly tally: PeerTally;
  /** Pauses and patience are measured by it: a host that did other work has not waited, and one that is short of time dials more seldom. */
  readonly clock: AwakeClock;
  /** Whether this host dials that member. */
  readonly isDialled: (member: Member) => boolean;
  /** Where the member can be dialled: what the list says, and what the local network does. */
  readonly addressesOf: (member: Member) => readonly string[];
  /** The member answers, but shares no protocol with this host: says why it is hopeless for now, or undefined. */
  readonly diagnose: (member: Member) => Promise<string | undefined>;
}

/** Dials members without a link for ever, with growing pauses and jitter: two hosts that lost each other meet again. */
export class Dialler {
  readonly #parts: DiallerParts;
  readonly #attempts = new Map<HostId, Attempt>();

  constructor(parts: DiallerParts) {
    this.#parts = parts;
  }

  /** The link is up: the next failure is a first one. */
  succeeded(host: HostId): void {
    const attempt = this.#attempt(host);
    attempt.failures = 0;
    attempt.timeouts = 0;
  }

  /** The link is gone. Dialled at once, but for a little jitter that keeps a whole fleet from dialling at the same moment. */
  lost(host: HostId): void {
    this.#attempt(host).nextMs = this.#parts.clock.nowMs + firstPauseMs * Math.random();
  }

  /** Dials whoever is due, and gives up what takes too long. */
  tick(members: readonly Member[]): void {
    const now = this.#parts.clock.nowMs;
    for (const { dial } of this.#attempts.values()) if (dial !== undefined && now > dial.untilMs) dial.limit.abort();
    for (const member of members) {
      const attempt = this.#attempt(member.hostId);
      if (attempt.dial !== undefined || now < attempt.nextMs) continue;
      if (!this.#parts.isDialled(member) || this.#parts.links.get(member.hostId) !== undefined) continue;
      const waitMs = Math.min(dialMostMs, dialMs * 2 ** attempt.timeouts);
      attempt.dial = { untilMs: now + waitMs, limit: new AbortController() };
      void this.#dial(member, attempt, attempt.dial);
    }
  }

  #attempt(host: HostId): Attempt {
    const known = this.#attempts.get(host);
    if (known !== undefined) return known;
    const made: Attempt = { nextMs: 0, failures: 0, timeouts: 0, dial: undefined };
    this.#attempts.set(host, made);
    return made;
  }

  async #dial(member: Member, attempt: Attempt, { limit }: Dial): Promise<void> {
    const { node, links, tally, clock } = this.#parts;
    const { signal } = limit;
    tally.count("dialled");
    let pauseMs = Math.min(pauseMaxMs, firstPauseMs * 2 ** attempt.failures);
    try {
      const addresses = addressesInTurn(this.#parts.addressesOf(member), attempt).map((address) =>
        multiaddr(`${address}/p2p/${member.peerId}`),
      );
      const connection = await node.dial(addresses, { signal });
      await links.open(connection, member, signal);
    } catch (error) {
      tally.count("dial-failed");
      if (signal.aborted) attempt.timeouts += 1;
      if (isWrongKey(error)) {
        const text = `whoever answers at ${member.hostId}'s address has another key`;
        tally.warn("wrong-key", text, member.hostId);
        pauseMs = hopelessPauseMs;
      } else if (nameOf(error) === "UnsupportedProtocolError") {
        if ((await this.#parts.diagnose(member)) !== undefined) pauseMs = hopelessPauseMs;
      } else if (attempt.failures === 0) {
        tally.info("dial-failed", `${member.hostId} cannot be reached: ${reasonOf(error)}`, member.hostId);
      }
    } finally {
      attempt.failures += 1;
      attempt.dial = undefined;
      attempt.nextMs = clock.nowMs + pauseMs * (0.5 + Math.random() / 2);
    }
  }
}

/** All of them, one after the other; but each by itself once something that does not go on has used up all the time. */
function addressesInTurn(all: readonly string[], { timeouts, failures }: Attempt): readonly string[] {
  const one = timeouts > 0 ? all[failures % all.length] : undefined;
  return one === undefined ? all : [one];
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
