import type { HostId } from "@berth/claims";
import type { Connection } from "@libp2p/interface";
import { AgentError } from "../agent-error.ts";
import type { Member } from "../ports/peer-network.ts";
import type { PeerTally } from "./peer-tally.ts";

/** Between two looks. Milliseconds. */
export const guardMs = 500;
/** A peer that once was whole may lack a stream for this long. Milliseconds. */
const lackMs = 1_000;
/** The longest patience with a peer that was cut again and again and never became whole. Milliseconds. */
const lackMostMs = 32_000;

/** What the guard needs. */
export interface StreamGuardParts {
  readonly tally: PeerTally;
  /** Time that setting up a stream may take; a fresh connection has as much more. Milliseconds. */
  readonly negotiationMs: number;
  readonly connections: (member: Member) => readonly Connection[];
  /** What the member lacks: a stream, a subscription; undefined when it is whole. */
  readonly lackOf: (member: Member) => string | undefined;
  /** Asks for what is lacking once more over the connection that stands; false where that cannot be. */
  readonly reopen: (member: Member, lack: string) => boolean;
  /** Finds out and says why, while the connection still stands. */
  readonly diagnose: (member: Member) => Promise<unknown>;
}

interface Lack {
  sinceMs: number;
  wasWhole: boolean;
  /** Times it was cut without having become whole. */
  readonly cuts: number;
  /** What it lacks was asked for once more. */
  isReopened?: boolean;
}

/**
 * Looks for connected peers with whom something has silently stopped: gossip whose stream died with another connection or was
 * closed over one bad message is never opened again by libp2p. Such a peer is cut, and dialled anew with everything. To one that
 * never was whole gossip's stream is first asked for once more; it may only be overloaded, and a new connection is more work
 * for it. For the same reason it gets twice as long after each cut.
 */
export class StreamGuard {
  readonly #parts: StreamGuardParts;
  readonly #lacks = new Map<HostId, Lack>();

  constructor(parts: StreamGuardParts) {
    this.#parts = parts;
  }

  /** One look at everybody. `nowMs` is of the awake clock: a host that slept finds nobody at fault. */
  look(members: readonly Member[], nowMs: number): void {
    for (const member of members) {
      const connections = this.#parts.connections(member);
      const known = this.#lacks.get(member.hostId) ?? { sinceMs: nowMs, wasWhole: false, cuts: 0 };
      this.#lacks.set(member.hostId, known);
      if (connections.length === 0) {
        known.sinceMs = nowMs;
        known.wasWhole = false;
        continue;
      }
      const lack = this.#parts.lackOf(member);
      if (lack === undefined) {
        this.#lacks.set(member.hostId, { sinceMs: nowMs, wasWhole: true, cuts: 0 });
        continue;
      }
      const limitMs = known.wasWhole ? lackMs : (lackMs + this.#parts.negotiationMs) * 2 ** known.cuts;
      if (nowMs - known.sinceMs <= Math.min(limitMs, lackMostMs)) continue;
      if (!known.wasWhole && known.isReopened !== true && this.#parts.reopen(member, lack)) {
        known.isReopened = true;
        known.sinceMs = nowMs;
        continue;
      }
      this.#lacks.set(member.hostId, { sinceMs: nowMs, wasWhole: false, cuts: known.wasWhole ? 0 : known.cuts + 1 });
      void this.#cut(member, lack, connections);
    }
  }

  async #cut(member: Member, lack: string, connections: readonly Connection[]): Promise<void> {
    await this.#parts.diagnose(member);
    this.#parts.tally.warn("guard-cut", `${member.hostId} is connected without ${lack}: dialled anew`, member.hostId);
    for (const connection of connections) connection.abort(new AgentError("ABORTED", `without ${lack}`));
  }
}
