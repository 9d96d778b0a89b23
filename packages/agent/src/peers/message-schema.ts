/** The schema of every message of the protocol: what another agent may say, key by key. Anything else is refused. */
import type { AcceptReply, Ballot, ClaimValue, Configuration, Message, SnapshotPage } from "@berth/claims";
import { z } from "zod";
import { gossipMessages } from "./gossip-schema.ts";
import { count, counter, guestId, head, hostId, id, short, text } from "./word-schema.ts";

const ballot: z.ZodType<Ballot> = z.strictObject({ n: counter, host: hostId, life: counter });
const value: z.ZodType<ClaimValue> = z.strictObject({
  owner: hostId.nullable(),
  inc: counter,
  epoch: counter,
  runId: short,
  next: hostId.exactOptional(),
});
const known = z.strictObject({ inc: counter, nonce: short, fenced: counter });
const register = z.strictObject({
  promised: ballot,
  acceptedBallot: ballot.exactOptional(),
  value: value.exactOptional(),
});
const page: z.ZodType<SnapshotPage> = z.strictObject({
  hosts: z.array(z.strictObject({ host: hostId, known })).max(count),
  registers: z.array(z.strictObject({ guest: guestId, register })).max(count),
});
const voters = z.array(z.strictObject({ voter: id, host: hostId })).max(16);
const profile = z.strictObject({
  name: id,
  renewMs: z.number(),
  fenceMs: z.number(),
  killMs: z.number(),
  stopMs: z.number(),
  watchdogMs: z.number(),
  rho: z.number(),
  pollMs: z.number(),
  clockResolutionMs: z.number(),
});
/** The configuration that all members live by. */
export const configurationSchema: z.ZodType<Configuration> = z.strictObject({
  number: counter,
  voters,
  profile,
  previous: z.strictObject({ number: counter, voters }).exactOptional(),
  quarantineMs: z.number().nonnegative().exactOptional(),
  reset: z.strictObject({ deadHosts: z.array(hostId).max(count), operator: text, reason: text }).exactOptional(),
});

const request = { ...head, life: counter };
const reply = { ...request, voter: id };
// Not the number that this release puts into a message: the next one may choose another. The frame bounds both.
const guests = count;
const lateHosts = z.array(z.strictObject({ host: hostId, inc: counter, remainingMs: z.number() })).max(count);
const ack = z.strictObject({ kind: z.literal("ack") });
const remaining = <K extends string>(kind: K) => z.strictObject({ kind: z.literal(kind), remainingMs: z.number() });
const phase = z.enum(["prepare", "accept"]);

const requests = [
  z.strictObject({ kind: z.literal("renew"), ...request, inc: counter, nonce: short, attempt: counter }),
  z.strictObject({ kind: z.literal("prepare"), ...request, ballot, guests: z.array(guestId).max(guests) }),
  z.strictObject({
    kind: z.literal("fence"),
    ...request,
    host: hostId,
    inc: counter,
    confirmedBy: text.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("accept"),
    ...request,
    ballot,
    values: z.array(z.strictObject({ guest: guestId, value })).max(guests),
  }),
  z.strictObject({
    kind: z.literal("propose-config"),
    ...request,
    phase,
    ballot,
    next: configurationSchema.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("seal"), ...request, next: configurationSchema }),
  z.strictObject({ kind: z.literal("snapshot"), ...request, cursor: short }),
  z.strictObject({
    kind: z.literal("install"),
    ...request,
    next: configurationSchema,
    copy: short,
    pageNumber: counter,
    pageCount: counter,
    page,
  }),
  z.strictObject({
    kind: z.literal("activate"),
    ...request,
    next: configurationSchema,
    copy: short,
    pageCount: counter,
  }),
] as const;

const acceptResults: z.ZodType<AcceptReply["results"]> = z
  .array(z.strictObject({ guest: guestId, rejectedBy: ballot.exactOptional(), fenced: z.boolean().exactOptional() }))
  .max(guests);

const replies = [
  z.strictObject({
    kind: z.literal("renew-reply"),
    ...reply,
    inc: counter,
    attempt: counter,
    verdict: z.discriminatedUnion("kind", [
      ack,
      z.strictObject({ kind: z.literal("fenced"), fenced: counter }),
      z.strictObject({ kind: z.literal("clone") }),
      remaining("wait"),
    ]),
    late: lateHosts,
  }),
  z.strictObject({
    kind: z.literal("prepare-reply"),
    ...reply,
    ballot,
    results: z
      .array(
        z.strictObject({
          guest: guestId,
          rejectedBy: ballot.exactOptional(),
          acceptedBallot: ballot.exactOptional(),
          value: value.exactOptional(),
        }),
      )
      .max(guests),
    owners: lateHosts,
  }),
  z.strictObject({
    kind: z.literal("fence-reply"),
    ...reply,
    host: hostId,
    inc: counter,
    verdict: z.discriminatedUnion("kind", [ack, remaining("live")]),
  }),
  z.strictObject({ kind: z.literal("accept-reply"), ...reply, ballot, results: acceptResults }),
  z.strictObject({
    kind: z.literal("propose-config-reply"),
    ...reply,
    phase,
    ballot,
    rejectedBy: ballot.exactOptional(),
    acceptedBallot: ballot.exactOptional(),
    next: configurationSchema.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("seal-reply"), ...reply, sealed: z.boolean() }),
  z.strictObject({
    kind: z.literal("snapshot-reply"),
    ...reply,
    cursor: short,
    page,
    nextCursor: short.exactOptional(),
  }),
  z.strictObject({ kind: z.literal("install-reply"), ...reply, copy: short, pageNumber: counter }),
  z.strictObject({ kind: z.literal("activate-reply"), ...reply, copy: short, active: z.boolean() }),
] as const;

const notice = z.strictObject({
  kind: z.literal("config-notice"),
  ...head,
  config: configurationSchema,
  sealed: z.boolean(),
});

/** Any message. */
export const messageSchema: z.ZodType<Message> = z.discriminatedUnion("kind", [
  ...requests,
  ...replies,
  notice,
  ...gossipMessages,
]);
