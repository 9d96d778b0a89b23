import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { preSharedKey } from "@libp2p/pnet";
import { tcp } from "@libp2p/tcp";
import { lpStream } from "@libp2p/utils";
import { createLibp2p } from "libp2p";
import type { ZodType } from "zod";
import type { HostKey } from "../peers/host-key.ts";
import { patientYamux } from "../peers/patient-muxer.ts";
import { upgradeFailures } from "../peers/upgrade-failures.ts";
import type { PeerCounter } from "../ports/peer-network.ts";
import { welcomeBytesMax } from "./join-messages.ts";

/** Connections at the door at once: hosts join one by one, and a crowd of strangers must not cost memory. */
const connectionsMax = 16;
/** From an accepted socket to an encrypted connection, and for choosing the protocol. Milliseconds. */
const upgradeMs = 3_000;

/** What a node for joining is made of. */
export interface JoinNodeInit {
  readonly key: HostKey;
  readonly listen: readonly string[];
  /** Bytes of one word that it may be told. */
  readonly hearBytesMax: number;
  readonly report: JoinReport;
  /** The second ring of the peers' port. The door is outside of it: who joins is given it there. @default none */
  readonly networkKey?: Uint8Array;
}

/** Counts what happens at the door, and says why. */
export type JoinReport = (counter: PeerCounter, text: string) => void;

/**
 * A libp2p node for joining alone, not started: encrypted and authenticated like the peers', and apart from them, so that whoever
 * knocks here never gets near the fleet's own port. Nobody is on a list yet, so nobody is refused by name.
 */
export function createJoinNode({ key, listen, hearBytesMax, report, networkKey }: JoinNodeInit): Promise<Libp2p> {
  return createLibp2p({
    start: false,
    privateKey: key.privateKey,
    nodeInfo: { name: "berth", version: "0", userAgent: "berth" },
    addresses: { listen: [...listen] },
    transports: [tcp({ maxConnections: connectionsMax, dialOpts: { noDelay: true }, listenOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    ...(networkKey !== undefined && { connectionProtector: preSharedKey({ psk: networkKey }) }),
    streamMuxers: [
      patientYamux({
        maxInboundStreams: 2,
        maxOutboundStreams: 2,
        streamOptions: { maxReadBufferLength: 2 * hearBytesMax, maxWriteBufferLength: 2 * welcomeBytesMax },
      }),
    ],
    connectionGater: { denyDialMultiaddr: () => false, filterMultiaddrForPeer: () => false },
    connectionManager: {
      maxConnections: connectionsMax,
      inboundConnectionThreshold: connectionsMax,
      maxIncomingPendingConnections: 8,
      inboundUpgradeTimeout: upgradeMs,
      inboundStreamProtocolNegotiationTimeout: upgradeMs,
      outboundStreamProtocolNegotiationTimeout: upgradeMs,
      dialTimeout: upgradeMs,
      addressDialTimeout: upgradeMs,
      reconnectRetries: 0,
    },
    connectionMonitor: { enabled: false },
    metrics: () => upgradeFailures({ warn: report }),
  });
}

/** One word of the other side: what it is, or why it is none. */
export type HeardWord<T> =
  | { readonly kind: "ok"; readonly word: T }
  | { readonly kind: "oversize" | "malformed"; readonly reason: string };

/** A conversation in words of JSON with a limit on each, and one deadline for all of it. Throws what libp2p throws. */
export interface Conversation {
  say(word: object): Promise<void>;
  hear<T>(schema: ZodType<T>): Promise<HeardWord<T>>;
}

/** Wraps a stream. */
export function conversationOver(
  stream: Stream,
  limits: { readonly hearBytesMax: number; readonly signal: AbortSignal },
): Conversation {
  const { hearBytesMax, signal } = limits;
  const frames = lpStream(stream, { maxDataLength: hearBytesMax, maxBufferSize: 2 * hearBytesMax });
  return {
    say: (word) => frames.write(Buffer.from(JSON.stringify(word)), { signal }),
    async hear(schema) {
      let bytes: Uint8Array;
      try {
        bytes = (await frames.read({ signal })).subarray();
      } catch (error) {
        if (!(error instanceof Error) || !/^InvalidDataLength|^StreamBufferError/.test(error.name)) throw error;
        return { kind: "oversize", reason: `more than the ${hearBytesMax} bytes that a word at the door may have` };
      }
      const parsed = schema.safeParse(readJson(bytes));
      if (parsed.success) return { kind: "ok", word: parsed.data };
      const issue = parsed.error.issues[0];
      const reason = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "does not fit"}`;
      return { kind: "malformed", reason };
    },
  };
}

/** Closes a connection; one that does not close is ended. */
export async function hangUp(connection: Connection): Promise<void> {
  await connection.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => connection.abort(error));
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
