/** The schema of every notice: what another agent may say beside the protocol, key by key. Anything else is refused. */
import { z } from "zod";
import { addressesSchema, memberDocumentSchema } from "../fleet/fleet-schema.ts";
import { type AgentNotice, type HostFactsNotice, noticeTextMax } from "../ports/agent-notice.ts";
import { count, counter, guestId, hostId, id, text } from "./word-schema.ts";

const facts: z.ZodType<HostFactsNotice> = z.strictObject({
  release: id,
  policyDigest: z.string().max(128),
  policyProblem: text.exactOptional(),
  configNumber: counter,
  profile: id,
  degraded: z.array(text).max(64),
  cpus: z.number().nonnegative(),
  memoryKib: z.number().nonnegative(),
  hypervisors: z.array(z.strictObject({ type: id, reachable: z.boolean() })).max(16),
  wallClockMs: z.number(),
  hears: z
    .array(z.strictObject({ host: hostId, up: z.boolean(), heardAgeMs: z.number().nonnegative().exactOptional() }))
    .max(count),
});

const order = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("drain") }),
  z.strictObject({ kind: z.literal("undrain") }),
  z.strictObject({ kind: z.literal("release"), guest: guestId, to: hostId.exactOptional() }),
]);
const orderId = z.string().regex(/^[0-9a-f]{32}$/);

/** Any notice. */
export const noticeSchema: z.ZodType<AgentNotice> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("facts"), facts }),
  z.strictObject({
    kind: z.literal("definition"),
    guest: guestId,
    uuid: z.string().max(64),
    epoch: counter,
    xml: z.string().max(noticeTextMax),
  }),
  z.strictObject({ kind: z.literal("definition-want"), guests: z.array(guestId).max(count) }),
  z.strictObject({ kind: z.literal("members"), document: memberDocumentSchema }),
  z.strictObject({ kind: z.literal("members-number"), number: counter }),
  z.strictObject({ kind: z.literal("self"), disk: id, addresses: addressesSchema }),
  z.strictObject({ kind: z.literal("order"), id: orderId, command: order, operator: z.string().min(1).max(256) }),
  z.strictObject({ kind: z.literal("order-answer"), id: orderId, refusal: text.exactOptional() }),
]);
