import { type GossipSub, gossipsub } from "@libp2p/gossipsub";
import { type Identify, identify } from "@libp2p/identify";
import type { Libp2p } from "@libp2p/interface";
import { preSharedKey } from "@libp2p/pnet";
import { createLibp2p } from "libp2p";
import { connectionRules } from "./connection-rules.ts";
import type { LanDiscovery } from "./lan-discovery.ts";
import type { MemberList } from "./member-list.ts";
import { narrowMesh } from "./mesh-width.ts";
import { patientYamux } from "./patient-muxer.ts";
import type { PeerGuards } from "./peer-guards.ts";
import * as limits from "./peer-limits.ts";
import type { PeerNetworkInit } from "./peer-network-init.ts";
import type { PeerTally } from "./peer-tally.ts";
import { peerTiming } from "./peer-timing.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import { quickConnect } from "./quick-connect.ts";
import { thriftyNoise } from "./thrifty-noise.ts";
import { upgradeFailures } from "./upgrade-failures.ts";

/** libp2p with the services that are used here. */
export type PeerNode = Libp2p<{ readonly identify: Identify; readonly gossip: GossipSub }>;

/** What a node is made of. */
export interface PeerNodeParts {
  readonly init: PeerNetworkInit;
  readonly names: ProtocolNames;
  readonly guards: PeerGuards;
  readonly tally: PeerTally;
  readonly members: () => MemberList;
  readonly lan?: LanDiscovery;
}

/** A libp2p node with limits, not yet started. Nothing is discovered: the member list says who there is. */
export function createPeerNode(parts: PeerNodeParts): Promise<PeerNode> {
  const { init, names, guards, tally, members, lan } = parts;
  const memberCount = members().others.length;
  return createLibp2p({
    start: false,
    privateKey: init.key.privateKey,
    nodeInfo: { name: "berth", version: "0", userAgent: "berth" },
    addresses: { listen: [...init.listen] },
    transports: [
      quickConnect(
        {
          maxConnections: limits.connectionsMax(memberCount),
          dialOpts: { noDelay: true },
          listenOpts: { noDelay: true },
        },
        peerTiming(init.fenceMs).connectMs,
      ),
    ],
    connectionEncrypters: [thriftyNoise()],
    ...(init.networkKey !== undefined && { connectionProtector: preSharedKey({ psk: init.networkKey }) }),
    streamMuxers: [
      patientYamux({
        maxInboundStreams: limits.streamsMax,
        maxOutboundStreams: limits.streamsMax,
        streamOptions: {
          maxReadBufferLength: limits.readBufferBytes,
          maxWriteBufferLength: limits.queueBytesMax,
        },
      }),
    ],
    connectionGater: connectionRules(members, tally),
    connectionManager: {
      maxConnections: limits.connectionsMax(memberCount),
      inboundConnectionThreshold: limits.connectionsPerSecond(memberCount),
      maxIncomingPendingConnections: limits.pendingConnectionsMax,
      maxParallelDials: 16,
      inboundUpgradeTimeout: limits.upgradeMs,
      outboundStreamProtocolNegotiationTimeout: guards.negotiationMs,
      inboundStreamProtocolNegotiationTimeout: limits.patienceMs,
      // Our own loop gives up sooner, by a clock that stands still while this process does.
      dialTimeout: limits.dialMostMs,
      addressDialTimeout: limits.dialMostMs,
      // Dialling again is our own loop's: libp2p's stops for good after a minute.
      reconnectRetries: 0,
    },
    // A second net below our own heartbeats, slow enough to cost nothing: each ping is a stream of its own. By default it takes a host
    // that is busy for five seconds, this one included, for a reason to cut all its links.
    connectionMonitor: {
      protocolPrefix: names.prefix,
      pingInterval: limits.pingEveryMs,
      pingTimeout: { minTimeout: limits.pingMs },
    },
    metrics: () => upgradeFailures(tally),
    services: {
      identify: identify({
        protocolPrefix: names.prefix,
        timeout: limits.negotiationMs,
        maxMessageSize: 8 * 1024,
        maxInboundStreams: 2,
        maxObservedAddresses: 1,
      }),
      gossip: gossipService(names, guards),
      ...(lan !== undefined && {
        lan: (components: Parameters<LanDiscovery["service"]>[0]) => lan.service(components),
      }),
    },
  });
}

function gossipService(names: ProtocolNames, guards: PeerGuards) {
  const make = gossipsub({
    globalSignaturePolicy: "StrictSign",
    // Sender and number name a message; without this each duplicate's signature is verified.
    fastMsgIdFn: ({ from, seqno }) => `${latin1(from)}/${latin1(seqno)}`,
    allowedTopics: names.majors.map((major) => names.topic(major)),
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    doPX: false,
    emitSelf: false,
    ...narrowMesh,
    // Telling others what one has: here batches have numbers, heartbeats tell the last one, and holes are pulled.
    Dlazy: 0,
    gossipFactor: 0,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: limits.gossipRpcBytes,
    maxOutboundBufferSize: limits.gossipBufferBytes,
    maxTopicBytesPerPeer: 16 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 64,
      maxIhaveMessageIDs: 512,
      maxIwantMessageIDs: 512,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 0,
    },
    scoreParams: { IPColocationFactorWeight: guards.colocationWeight },
  });
  return (components: Parameters<typeof make>[0]): GossipSub => {
    const service = make(components);
    service.protocols = names.gossip;
    return service;
  };
}

function latin1(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
