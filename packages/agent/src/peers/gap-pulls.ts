import type { HostId } from "@berth/claims";
import type { Connection, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import type { Member } from "../ports/peer-network.ts";
import { pullSchema } from "./frame-schema.ts";
import type { GossipHistory } from "./gossip-history.ts";
import type { Hole } from "./gossip-sequence.ts";
import type { PeerNode } from "./libp2p-node.ts";
import type { MemberList } from "./member-list.ts";
import { pullMs, readBufferBytes } from "./peer-limits.ts";
import type { PeerTally } from "./peer-tally.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import { decodeFrame, encodeFrame, frameBytesMax } from "./wire-codec.ts";

/** Batches of one answer. */
const answersMax = 64;
const framing = { maxDataLength: frameBytesMax, maxBufferSize: readBufferBytes };

/** What pulls need. */
export interface GapPullsParts {
  readonly node: PeerNode;
  readonly names: ProtocolNames;
  readonly members: () => MemberList;
  readonly history: GossipHistory;
  readonly tally: PeerTally;
  readonly onBatch: (member: Member, bytes: Uint8Array) => void;
}

/** Asks a host for gossip batches of its own that got lost, on a stream of their own so that votes do not wait behind them. */
export class GapPulls {
  readonly #parts: GapPullsParts;
  readonly #pulling = new Set<HostId>();

  constructor(parts: GapPullsParts) {
    this.#parts = parts;
  }

  /** Registers the answering side. */
  async start(): Promise<void> {
    const { node, names } = this.#parts;
    for (const major of names.majors) {
      await node.handle(names.pulls(major), (stream, connection) => void this.#answer(stream, connection), {
        maxInboundStreams: 2,
        maxOutboundStreams: 2,
      });
    }
  }

  isPulling(host: HostId): boolean {
    return this.#pulling.has(host);
  }

  /** Asks for a hole; what comes is delivered like gossip, and what does not is asked for again by the next look. */
  async pull(member: Member, connection: Connection, major: number, hole: Hole): Promise<void> {
    if (this.#pulling.has(member.hostId)) return;
    this.#pulling.add(member.hostId);
    const { names, tally } = this.#parts;
    const signal = AbortSignal.timeout(pullMs);
    let stream: Stream | undefined;
    try {
      stream = await connection.newStream(names.pulls(major), { signal });
      const frames = lpStream(stream, framing);
      await frames.write(encodeFrame({ t: "pull", ...hole }), { signal });
      for (let left = Math.min(answersMax, hole.to - hole.from + 1); left > 0; left -= 1) {
        const bytes = await frames.read({ signal });
        tally.count("gap-pulled");
        this.#parts.onBatch(member, bytes.subarray());
      }
      await stream.close({ signal });
    } catch (error) {
      // The origin has less than was asked for, or is gone; the sequence asks again, and gives up by itself.
      stream?.abort(error instanceof Error ? error : new DOMException("pull ended", "AbortError"));
    } finally {
      this.#pulling.delete(member.hostId);
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const { members, history, tally } = this.#parts;
    const signal = AbortSignal.timeout(pullMs);
    try {
      const frames = lpStream(stream, framing);
      const asked = decodeFrame((await frames.read({ signal })).subarray(), pullSchema);
      if (asked.kind === "ok") {
        const { life, from, to } = asked.value;
        const found = life === history.life ? history.range(from, Math.min(to, from + answersMax - 1)) : [];
        for (const bytes of found.filter(({ length }) => length <= frameBytesMax))
          await frames.write(bytes, { signal });
      } else {
        tally.warn(asked.kind, "a pull does not fit", members().peer(connection.remotePeer.toString())?.hostId);
      }
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error instanceof Error ? error : new DOMException("pull ended", "AbortError"));
    }
  }
}
