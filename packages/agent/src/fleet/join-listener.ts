import type { Configuration } from "@berth/claims";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { HostKey } from "../peers/host-key.ts";
import { changeMembers } from "./fleet-ledger.ts";
import {
  type Answer,
  conversationMs,
  hasMember,
  joinProtocol,
  type Knock,
  knockBytesMax,
  knockSchema,
  type Offer,
} from "./join-messages.ts";
import { conversationOver, createJoinNode, hangUp, type JoinReport } from "./join-node.ts";
import { type MemberChange, withMember } from "./member-changes.ts";
import type { FleetMember, MemberDocument, MemberDocumentBody } from "./member-document.ts";
import { judgeSecret, markUsed, type TokenRecord } from "./token-book.ts";

/** What the door needs. */
export interface JoinListenerParts {
  readonly stateDir: string;
  readonly fleet: string;
  readonly key: HostKey;
  readonly listen: readonly string[];
  /** The fleet's public key as it is now. */
  readonly fleetKey: () => string;
  /** In force now: what a new host begins with. */
  readonly config: () => Configuration;
  /** Text of the private-network key, where the fleet has one. */
  readonly networkKey?: string;
  /** The list has a new member and is on the disk; the peers must know before the new host dials them. */
  readonly onJoined: (document: MemberDocument) => void;
  readonly report: JoinReport;
  /** Wall clock, ms. @default Date.now */
  readonly nowMs?: () => number;
  /** Time for one conversation. @default 10 s: people's networks are slow, and 16 strangers may wait as long */
  readonly patienceMs?: number;
}

/**
 * The door for joining hosts: a node of its own that knows one protocol. Open only while tokens are; the keeper starts and stops it.
 */
export class JoinListener {
  readonly #parts: JoinListenerParts;
  #node: Libp2p | undefined;

  constructor(parts: JoinListenerParts) {
    this.#parts = parts;
  }

  /** Where it listens, with the real port; empty while it is shut. */
  get addresses(): readonly string[] {
    return this.#node?.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, "")) ?? [];
  }

  /** @throws AgentError OPERATION_FAILED when the addresses cannot be listened on */
  async start(): Promise<void> {
    if (this.#node !== undefined) return;
    const { fleet, key, listen, report } = this.#parts;
    const node = await createJoinNode({ key, listen, report, hearBytesMax: knockBytesMax });
    await node.handle(joinProtocol(fleet), (stream, connection) => void this.#serve(stream, connection), {
      maxInboundStreams: 1,
    });
    try {
      await node.start();
    } catch (error) {
      await node.stop();
      const message = `the door for joining hosts cannot listen on ${listen.join(", ")}: ${reasonOf(error)}`;
      throw new AgentError("OPERATION_FAILED", message, { cause: error });
    }
    this.#node = node;
  }

  async stop(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    await node?.stop();
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const { fleet, fleetKey, report } = this.#parts;
    const peerId = connection.remotePeer.toString();
    const signal = AbortSignal.timeout(this.#parts.patienceMs ?? conversationMs);
    try {
      const words = conversationOver(stream, { hearBytesMax: knockBytesMax, signal });
      await words.say({ t: "offer", fleet, fleetKey: fleetKey() } satisfies Offer);
      const knock = await words.hear(knockSchema);
      if (knock.kind === "ok") await words.say(await this.#answer(knock.word, peerId));
      else report(knock.kind, `${peerId} at the door: ${knock.reason}`);
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error instanceof Error ? error : new AgentError("ABORTED", String(error)));
      if (signal.aborted) report("slow-reader", `${peerId} at the door said nothing in time`);
    } finally {
      await hangUp(connection);
    }
  }

  async #answer(knock: Knock, peerId: string): Promise<Answer> {
    const { config, networkKey, report, onJoined } = this.#parts;
    let outcome: Awaited<ReturnType<typeof changeMembers>>;
    try {
      outcome = await this.#admit(knock, peerId);
    } catch (error) {
      report("join-refused", `${knock.host} cannot be let in: ${reasonOf(error)}`);
      return { t: "refused", why: `the host at the door has trouble of its own: ${reasonOf(error)}`.slice(0, 1024) };
    }
    if (outcome.kind === "refused") {
      report("join-refused", `${knock.host} (${peerId}) was refused: ${outcome.why}`);
      return { t: "refused", why: outcome.why.slice(0, 1024) };
    }
    const { document } = outcome;
    if (outcome.kind === "changed") {
      report("joined", `${knock.host} (${peerId}) is a member of the fleet now, as ${knock.role}`);
      onJoined(document);
    }
    return { t: "welcome", document, config: config(), ...(networkKey !== undefined && { networkKey }) };
  }

  /** Token and list change together, under one lock: of two hosts with one token the second is refused. */
  #admit(knock: Knock, peerId: string): ReturnType<typeof changeMembers> {
    const nowMs = (this.#parts.nowMs ?? Date.now)();
    return changeMembers(this.#parts.stateDir, nowMs, (body, tokens) => admit(body, tokens, knock, peerId, nowMs));
  }
}

/** What becomes of list and tokens when this host knocks. */
export function admit(
  body: MemberDocumentBody,
  tokens: readonly TokenRecord[],
  knock: Knock,
  peerId: string,
  nowMs: number,
): { readonly tokens: readonly TokenRecord[]; readonly change: MemberChange } {
  const { host, role, disk, hypervisor, addresses } = knock;
  const who = { host, peerId, role };
  const redemption = judgeSecret(tokens, knock.secret, who, nowMs);
  if (redemption.kind === "refused") return { tokens, change: redemption };
  const { id, forHost, used } = redemption.token;
  const member: FleetMember = { hostId: host, peerId, addresses, role, disk, hypervisor };
  const change = withMember(body, member, { replaces: forHost === host });
  if (change.kind === "refused") return { tokens, change };
  // The same host asks again because it did not hear the answer: what was done once is not done twice.
  if (used !== undefined && hasMember({ ...body, signature: "" }, host, peerId))
    return { tokens, change: { kind: "same" } };
  return { tokens: markUsed(tokens, id, who, nowMs), change };
}
