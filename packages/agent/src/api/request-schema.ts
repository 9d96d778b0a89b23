/**
 * What the local API accepts. Who may use the socket is decided by its file mode; what arrives there is checked all the same, because
 * a command of another release, or a script, may send anything.
 */
import type { OperatorCommand } from "@berth/claims";
import * as z from "zod";
import { memberDocumentSchema } from "../fleet/fleet-schema.ts";
import type { MemberDocument } from "../fleet/member-document.ts";
import type { OrderCommand } from "../ports/agent-notice.ts";

const name = z.string().min(1).max(256);
const person = z.string().trim().min(1).max(256);
const voters = z
  .array(z.strictObject({ voter: name, host: name }))
  .min(1)
  .max(7);

const release = z.strictObject({ kind: z.literal("release"), guest: name, to: name.exactOptional() });
const drain = z.strictObject({ kind: z.literal("drain") });
const undrain = z.strictObject({ kind: z.literal("undrain") });

const operatorSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("confirm-dead"), host: name, operator: person }),
  z.strictObject({
    kind: z.literal("reset-quorum"),
    voters,
    deadHosts: z.array(name).max(1024),
    operator: person,
    reason: person,
  }),
  z.strictObject({ kind: z.literal("change-voters"), voters }),
  z.strictObject({ kind: z.literal("claim"), guest: name }),
  release,
  drain,
  undrain,
]);

const orderSchema = z.strictObject({
  host: name,
  operator: person,
  command: z.discriminatedUnion("kind", [release, drain, undrain]),
});

const hookSchema = z.strictObject({ guest: name, operation: z.string().min(1).max(64) });

const eventsSchema = z.strictObject({
  since_id: z.coerce.number().int().min(0).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  guest: name.optional(),
  follow: z.enum(["0", "1"]).optional(),
});

/** A checked request, or one sentence that says what is wrong with it. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** What `GET /v1/events` may be asked for. */
export interface EventsQuery {
  /** Only those after this one. */
  readonly sinceId: number;
  /** Wall clock, ms; absent for all. */
  readonly sinceMs?: number;
  readonly guest?: string;
  readonly follow: boolean;
}

/** Checks the body of `POST /v1/operate`. */
export function checkOperate(body: unknown): Checked<OperatorCommand> {
  return check(operatorSchema, body);
}

/** What `POST /v1/orders` may be asked for: a command for another host. */
export interface OrderRequest {
  readonly host: string;
  /** Who asks; both hosts write it down. */
  readonly operator: string;
  readonly command: OrderCommand;
}

/** Checks the body of `POST /v1/orders`. */
export function checkOrder(body: unknown): Checked<OrderRequest> {
  return check(orderSchema, body);
}

/** Checks the body of `POST /v1/hook`. */
export function checkHook(body: unknown): Checked<{ readonly guest: string; readonly operation: string }> {
  return check(hookSchema, body);
}

/** Checks the shape of the body of `POST /v1/members`; its signature is the agent's matter. */
export function checkMembers(body: unknown): Checked<MemberDocument> {
  return check(memberDocumentSchema, body);
}

/** Checks the query of `GET /v1/events`. */
export function checkEvents(query: URLSearchParams): Checked<EventsQuery> {
  const checked = check(eventsSchema, Object.fromEntries(query));
  if (!checked.ok) return checked;
  const { since_id = 0, since, guest, follow } = checked.value;
  return {
    ok: true,
    value: {
      sinceId: since_id,
      ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
      ...(guest === undefined ? {} : { guest }),
      follow: follow === "1",
    },
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "the request" : issue.path.join(".");
  return { ok: false, problem: `${where}: ${issue?.message ?? "does not fit"}` };
}
