/** The frames around messages: greeting, heartbeat, notice, probe, gossip batch, and the pull of a batch that got lost. */
import type { HostId, Message } from "@berth/claims";
import { z } from "zod";
import { noticeTextMax } from "../ports/agent-notice.ts";
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
/** A piece of a notice, which is JSON: a big one has several. */
export interface NoticeFrame {
  readonly t: "notice";
  /** Grows by one with each notice of a link. */
  readonly id: number;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  readonly text: string;
}
/** Do you hear this host? Asked of it itself, an answer is enough. */
export interface Probe {
  readonly t: "probe";
  readonly host: HostId;
}
/** How long ago the asked one heard that host; absent when it does not. */
export interface ProbeReply {
  readonly t: "probed";
  readonly host: HostId;
  readonly heardMs?: number;
}
/** What follows the greeting on a message stream. */
export type LinkFrame = MessageFrame | NoticeFrame | Probe | ProbeReply;
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
/** Characters of one piece of a notice: 16,000 of three bytes fit into a frame. */
export const noticePartChars = 16_000;
const notice = z.strictObject({
  t: z.literal("notice"),
  id: counter,
  part: counter,
  parts: z
    .number()
    .int()
    .min(1)
    .max(Math.ceil(noticeTextMax / noticePartChars)),
  text: z.string().max(noticePartChars),
});
const probed = z.strictObject({
  t: z.literal("probed"),
  host: hostId,
  heardMs: z.number().nonnegative().exactOptional(),
});
/** What follows on a message stream. */
export const linkFrameSchema: z.ZodType<LinkFrame> = z.discriminatedUnion("t", [
  z.strictObject({ t: z.literal("message"), m: messageSchema }),
  notice,
  z.strictObject({ t: z.literal("probe"), host: hostId }),
  probed,
]);
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
