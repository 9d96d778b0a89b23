import type { HostId } from "@berth/claims";
import { multiaddr } from "@multiformats/multiaddr";
import { reasonOf } from "../agent-error.ts";
import type { Member } from "../ports/peer-network.ts";
import type { PeerNode } from "./libp2p-node.ts";
import { dialMs } from "./peer-limits.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { PeerTally } from "./peer-tally.ts";
import { isWrongKey } from "./wrong-key.ts";

/** First pause after a failure; doubled each time. Milliseconds. */
const firstPauseMs = 100;
/** Longest pause for a host that does not answer: a SYN costs nothing, and a heal is to be noticed at once. */
const pauseMaxMs = 1_000;
/** Pause for a host that answered and cannot be talked to (another key, another fleet, no common version). */
const hopelessPauseMs = 30_000;

interface Attempt {
  /** Earliest moment of the next dial, of `performance.now()`. */
  nextMs: number;
  failures: number;
  isDialling: boolean;
}

/** What the dialler needs. */
export interface DiallerParts {
  readonly node: PeerNode;
  readonly links: PeerLinks;
  readonly tally: PeerTally;
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
    this.#attempt(host).failures = 0;
  }

  /** The link is gone. Dialled at once, but for a little jitter that keeps a whole fleet from dialling at the same moment. */
  lost(host: HostId): void {
    this.#attempt(host).nextMs = performance.now() + firstPauseMs * Math.random();
  }

  /** Dials whoever is due. */
  tick(members: readonly Member[]): void {
    const now = performance.now();
    for (const member of members) {
      const attempt = this.#attempt(member.hostId);
      if (attempt.isDialling || now < attempt.nextMs) continue;
      if (!this.#parts.isDialled(member) || this.#parts.links.get(member.hostId) !== undefined) continue;
      attempt.isDialling = true;
      void this.#dial(member, attempt);
    }
  }

  #attempt(host: HostId): Attempt {
    const known = this.#attempts.get(host);
    if (known !== undefined) return known;
    const made = { nextMs: 0, failures: 0, isDialling: false };
    this.#attempts.set(host, made);
    return made;
  }

  async #dial(member: Member, attempt: Attempt): Promise<void> {
    const { node, links, tally, addressesOf } = this.#parts;
    tally.count("dialled");
    let pauseMs = Math.min(pauseMaxMs, firstPauseMs * 2 ** attempt.failures);
    try {
      const addresses = addressesOf(member).map((address) => multiaddr(`${address}/p2p/${member.peerId}`));
      const connection = await node.dial(addresses, { signal: AbortSignal.timeout(dialMs) });
      await links.open(connection, member);
    } catch (error) {
      tally.count("dial-failed");
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
      attempt.isDialling = false;
      attempt.nextMs = performance.now() + pauseMs * (0.5 + Math.random() / 2);
    }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
