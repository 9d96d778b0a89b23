/** Schemas of the gossip messages. */
import { z } from "zod";
import { count, counter, guestId, head, hostId, short, text } from "./word-schema.ts";

const hostAdvert = z.strictObject({
  kind: z.literal("host"),
  inc: counter,
  weight: z.number().nonnegative(),
  memoryFreeKib: z.number(),
  load: z.number().nonnegative(),
  draining: z.boolean(),
  hypervisor: z.boolean(),
  matches: z.array(text).max(count),
  leased: z.boolean(),
});
const guestAdvert = z.strictObject({
  kind: z.literal("guest"),
  guest: guestId,
  uuid: z.string().max(64),
  promised: z.boolean(),
  mode: z.enum(["quorum", "gossip"]),
  owner: hostId.nullable(),
  inc: counter,
  epoch: counter,
  runId: short,
  startedAtMs: z.number(),
  state: z.enum(["running", "paused", "off"]),
  classMatch: z.boolean(),
  next: hostId.exactOptional(),
});
const entry = z.strictObject({
  origin: hostId,
  life: counter,
  seq: counter,
  key: short,
  body: z.discriminatedUnion("kind", [hostAdvert, guestAdvert]).nullable(),
  proof: z.string().max(128).exactOptional(),
});
const summaryItem = z.strictObject({ origin: hostId, key: short, life: counter, seq: counter });

/** Each kind of gossip message. */
export const gossipMessages = [
  z.strictObject({ kind: z.literal("gossip-push"), ...head, entries: z.array(entry).max(count) }),
  z.strictObject({ kind: z.literal("gossip-digest"), ...head, digests: z.array(counter).max(count) }),
  z.strictObject({
    kind: z.literal("gossip-summary"),
    ...head,
    buckets: z.array(counter).max(count),
    have: z.array(summaryItem).max(count),
  }),
  z.strictObject({
    kind: z.literal("gossip-want"),
    ...head,
    want: z.array(z.strictObject({ origin: hostId, key: short })).max(count),
  }),
] as const;
