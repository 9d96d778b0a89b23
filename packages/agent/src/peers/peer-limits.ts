/** Limits against peers that are broken, hostile or too many. Milliseconds, bytes, pieces; each with its reason. */
import { frameBytesMax } from "./wire-codec.ts";

/**
 * One dial, up to the link: a host that answers does so in milliseconds. Doubled after each dial that took longer, up to
 * `dialMostMs`: two hosts that are overloaded meet in the end, where giving up early costs both the handshake again and again.
 */
export const dialMs = 2_000;
/** The longest dial; as long a host that was stopped is still waited for when it goes on. */
export const dialMostMs = 16_000;
/** From an accepted socket to an encrypted, multiplexed connection: what a host needs that does other work for seconds. */
export const upgradeMs = 8_000;
/** What a peer may take to choose a protocol on a stream that it opened, and to greet. It costs nobody anything to wait. */
export const patienceMs = 8_000;
/** Choosing a stream's protocol. libp2p allows 10 s, and opens gossip's streams one after another: one frozen peer holds up all. */
export const negotiationMs = 2_000;
/** Between two pings of libp2p's own on one connection. */
export const pingEveryMs = 60_000;
/** What such a ping may take. */
export const pingMs = 30_000;
/** Handshakes under way at once: a flood can hold four places in a second, each for `upgradeMs`. */
export const pendingConnectionsMax = 32;
/** Streams of one connection, each way: messages, heartbeats, gossip, identify, pulls, ping. */
export const streamsMax = 32;
/** Bytes that may wait to be read on one stream: four frames. */
export const readBufferBytes = 4 * frameBytesMax;
/** Bytes that may wait to be written to one peer, votes and gossip together: what a peer may be behind before the oldest is dropped. */
export const queueBytesMax = 1024 * 1024;
/** Frames that may wait; small ones count too. */
export const queueFramesMax = 1_024;
/** Bytes gossip may hold back for one peer; libp2p's default has no limit. */
export const gossipBufferBytes = 1024 * 1024;
/** What a gossip RPC may hold: a few batches that were sent at once, and their signatures. */
export const gossipRpcBytes = 4 * frameBytesMax;
/** Batches kept for pulls: two minutes of a busy host. */
export const historyBatches = 256;
/** Their bytes. */
export const historyBytes = 4 * 1024 * 1024;
/** A pull is worth as much as the digests that repair the same two seconds later. */
export const pullMs = 2_000;

/** Members that the limits on connections allow for at least, so that a fleet may grow while it runs. */
const membersMin = 32;

/** Connections at once: two of each member while one replaces another, and room for handshakes. */
export function connectionsMax(members: number): number {
  return 2 * Math.max(members, membersMin) + pendingConnectionsMax;
}

/** New connections of one address in a second. libp2p allows 5, which a fleet behind one NAT, or on loopback, needs for itself. */
export function connectionsPerSecond(members: number): number {
  return connectionsMax(members);
}
