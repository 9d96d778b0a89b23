/** The frames around messages: greeting, heartbeat, gossip batch, and the pull of a batch that got lost. */
import type { HostId, Message } from "@berth/claims";
import { z } from "zod";
import { messageSchema } from "./message-schema.ts";
import { counter, hostId, id } from "./word-schema.ts";

/** Where a host's gossip stands: batches are numbered within one life of the sender's network. */
export interface GossipPosition {
  readonly life: number;
  /** Number of the last batch, 0 before the first. */
  readonly seq: number;
}

/** First frame on a message stream, both ways. */
export interface Hello extends GossipPosition {
  readonly t: "hello";
  readonly fleet: string;
  readonly host: HostId;
  readonly features: readonly string[];
}
/** One message. */
export interface MessageFrame {
  readonly t: "message";
  readonly m: Message;
}
/** I live, my gossip stands at `seq`, and your heartbeat `echo` waited `heldMs` here. */
export interface Heartbeat extends GossipPosition {
  readonly t: "beat";
  readonly n: number;
  readonly echo: number;
  readonly heldMs: number;
}
/** One message to everybody. */
export interface GossipBatch extends GossipPosition {
  readonly t: "batch";
  readonly origin: HostId;
  readonly m: Message;
}
/** Please send your batches `from` to `to` of this life again. */
export interface Pull {
  readonly t: "pull";
  readonly life: number;
  readonly from: number;
  readonly to: number;
}

const position = { life: counter, seq: counter };

/** What may come first. */
export const helloSchema: z.ZodType<Hello> = z.strictObject({
  t: z.literal("hello"),
  ...position,
  fleet: z.string().max(64),
  host: hostId,
  features: z.array(id).max(64),
});
/** What follows on a message stream. */
export const messageFrameSchema: z.ZodType<MessageFrame> = z.strictObject({
  t: z.literal("message"),
  m: messageSchema,
});
/** What goes over a heartbeat stream. */
export const heartbeatSchema: z.ZodType<Heartbeat> = z.strictObject({
  t: z.literal("beat"),
  ...position,
  n: counter,
  echo: counter,
  heldMs: z.number().nonnegative(),
});
/** What is published. */
export const batchSchema: z.ZodType<GossipBatch> = z.strictObject({
  t: z.literal("batch"),
  ...position,
  origin: hostId,
  m: messageSchema,
});
/** What opens a pull stream. */
export const pullSchema: z.ZodType<Pull> = z.strictObject({
  t: z.literal("pull"),
  life: counter,
  from: counter,
  to: counter,
});
