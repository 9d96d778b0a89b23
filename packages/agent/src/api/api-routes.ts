/**
 * What the local API answers. Every answer is made from one snapshot, taken at that moment: nothing here waits for the
 * hypervisor or for a peer, so status works while both are silent. An order for another host is the one thing that waits for
 * somebody, with a deadline.
 */
import type { OperatorCommand } from "@berth/claims";
import type { AgentEvent, AgentSnapshot, RunningAgent } from "../daemon/running-agent.ts";
import type { AgentLog } from "../logging/agent-log.ts";
import { RefusedRequest } from "./api-failure.ts";
import { type Envelope, envelope, type Unreachable } from "./envelope.ts";
import { refusedOrder } from "./refused-order.ts";
import {
  type Checked,
  checkEvents,
  checkHook,
  checkMembers,
  checkOperate,
  checkOrder,
  type EventsQuery,
  type OrderRequest,
} from "./request-schema.ts";
import { encodeSnapshot } from "./snapshot-wire.ts";
import { type DescribedKind, describeThing } from "./views/describe-thing.ts";
import { explainGuest } from "./views/explain-guest.ts";
import { guestItems } from "./views/fleet-guests.ts";
import { claimItems, hostItems, peerItems } from "./views/fleet-hosts.ts";
import { hearings, unheard } from "./views/hearing.ts";
import { networkItems, networksElsewhere, promiseItems } from "./views/host-things.ts";
import { alarmsMs, policyItem, statusItem } from "./views/status-item.ts";

/** One request, read and parsed. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded parts of the path. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Parsed JSON of a POST. */
  readonly body: unknown;
}

/** What goes back: JSON, or events line by line until the reader goes away. */
export type ApiReply =
  | { readonly kind: "json"; readonly status: number; readonly text: string }
  | { readonly kind: "follow"; readonly query: EventsQuery };

/** What the routes work on. */
export interface ApiParts {
  readonly agent: RunningAgent;
  readonly log: AgentLog;
}

/** Lists by the last word of their path. */
const lists = new Map<string, (snapshot: AgentSnapshot) => Envelope<object>>([
  ["guests", (snapshot) => list("GuestList", snapshot, guestItems(snapshot))],
  ["hosts", (snapshot) => list("HostList", snapshot, hostItems(snapshot))],
  ["claims", (snapshot) => list("ClaimList", snapshot, claimItems(snapshot))],
  ["peers", (snapshot) => list("PeerList", snapshot, peerItems(snapshot))],
  ["promises", (snapshot) => list("PromiseList", snapshot, promiseItems(snapshot))],
  ["networks", (snapshot) => list("NetworkList", snapshot, networkItems(snapshot), networksElsewhere(snapshot))],
]);

const described: ReadonlyMap<string, DescribedKind> = new Map([
  ["guests", "guest"],
  ["hosts", "host"],
  ["networks", "network"],
]);

function list(
  kind: string,
  snapshot: AgentSnapshot,
  items: readonly object[],
  missing: readonly Unreachable[] = unheard(hearings(snapshot)),
): Envelope<object> {
  return envelope(kind, snapshot.self, items, missing);
}

/** Answers one request. @throws RefusedRequest, AgentError */
export async function answer(request: ApiRequest, parts: ApiParts): Promise<ApiReply> {
  const [version, ...rest] = request.path;
  if (version !== "v1" || rest.length === 0) throw notFound(request);
  if (request.method === "GET") return get(request, rest, parts);
  if (request.method === "POST") return await post(request, rest, parts);
  throw new RefusedRequest(405, "OPERATION_INVALID", `${request.method} is not known here; use GET or POST`);
}

function notFound({ path }: ApiRequest): RefusedRequest {
  return new RefusedRequest(404, "NOT_FOUND", `this agent has nothing at /${path.join("/")}`);
}

function get(request: ApiRequest, rest: readonly string[], { agent }: ApiParts): ApiReply {
  const [noun = "", name] = rest;
  const key = rest.length === 1 ? noun : "";
  const snapshot = agent.snapshot();
  const listed = lists.get(key);
  if (listed !== undefined) return json(listed(snapshot));
  const kind = described.get(noun);
  if (kind !== undefined && name !== undefined && rest.length === 2) return describe(kind, name, snapshot, agent);
  switch (key) {
    case "status":
      return json(list("Status", snapshot, [statusItem(snapshot, agent.events(0, snapshot.wallClockMs - alarmsMs))]));
    case "explain":
      return explain(request.query, snapshot);
    case "events":
      return events(checkedValue(checkEvents(request.query)), snapshot, agent);
    case "policy":
      return json(policyItem(snapshot.policy));
    case "members":
      return json(snapshot.members);
    case "snapshot":
      return { kind: "json", status: 200, text: encodeSnapshot(snapshot) };
    default:
      throw notFound(request);
  }
}

function describe(kind: DescribedKind, name: string, snapshot: AgentSnapshot, agent: RunningAgent): ApiReply {
  const item = describeThing(kind, name, snapshot, agent.events());
  if (item === undefined) {
    throw new RefusedRequest(404, "NOT_FOUND", `${snapshot.self} knows of no ${kind} "${name}"`);
  }
  return json(list(`${kind.charAt(0).toUpperCase()}${kind.slice(1)}Description`, snapshot, [item]));
}

function explain(query: URLSearchParams, snapshot: AgentSnapshot): ApiReply {
  const guest = query.get("guest") ?? "";
  if (guest === "") throw new RefusedRequest(400, "OPERATION_INVALID", "explain needs ?guest=NAME");
  const on = query.get("on") ?? undefined;
  const item = explainGuest(snapshot, guest, on);
  if (item === undefined) throw new RefusedRequest(404, "NOT_FOUND", `the fleet has no host "${on}"`);
  return json(list("Explanation", snapshot, [item]));
}

function events(query: EventsQuery, snapshot: AgentSnapshot, agent: RunningAgent): ApiReply {
  if (query.follow) return { kind: "follow", query };
  const items = agent.events(query.sinceId, query.sinceMs).filter((event) => isAskedFor(event, query));
  return json(list("EventList", snapshot, items, []));
}

/** Whether an event belongs to what was asked for; how old it is, the journal has judged. */
export function isAskedFor({ guest, id }: AgentEvent, query: EventsQuery): boolean {
  return id > query.sinceId && (query.guest === undefined || guest === query.guest);
}

async function post(request: ApiRequest, rest: readonly string[], parts: ApiParts): Promise<ApiReply> {
  const { agent, log } = parts;
  switch (rest.join("/")) {
    case "operate":
      return operate(checkedValue(checkOperate(request.body)), parts);
    case "orders":
      return await orderOther(checkedValue(checkOrder(request.body)), parts);
    case "reload": {
      log.info("RELOAD_ASKED", "the policy is loaded anew, as asked for on the local socket", { audit: true });
      return json(policyItem(await agent.reload()));
    }
    case "hook": {
      const { guest, operation } = checkedValue(checkHook(request.body));
      return json(agent.hook(guest, operation));
    }
    case "members": {
      const document = checkedValue(checkMembers(request.body));
      agent.adoptMembers(document);
      log.info("MEMBERS_ADOPTED", "a member list was handed in on the local socket", {
        audit: true,
        number: document.number,
      });
      return json({ adopted: document.number });
    }
    default:
      throw notFound(request);
  }
}

/** Every operator's command is in the log with all that was typed: some of them vouch for what no program can check. */
function operate(command: OperatorCommand, { agent, log }: ApiParts): ApiReply {
  const { kind, ...details } = command;
  log.warn("OPERATOR_COMMAND", `an operator asks on the local socket: ${kind}`, {
    audit: true,
    command: kind,
    ...details,
  });
  agent.operate(command);
  return json({ taken: kind }, 202);
}

/** What was asked, and what came of it, is in the journal and in the audit trail of both hosts. */
async function orderOther({ host, command, operator }: OrderRequest, parts: ApiParts): Promise<ApiReply> {
  const { agent, log } = parts;
  if (host === agent.snapshot().self) return operate(command, parts);
  log.warn("OPERATOR_COMMAND", `an operator asks on the local socket: ${command.kind} on ${host}`, {
    audit: true,
    host,
    operator,
    command: command.kind,
  });
  const outcome = await agent.order(host, command, operator);
  if (outcome.kind !== "taken") throw refusedOrder(host, outcome, agent.snapshot());
  return json({ taken: command.kind, host }, 202);
}

function checkedValue<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw new RefusedRequest(400, "OPERATION_INVALID", checked.problem);
}

function json(value: object, status = 200): ApiReply {
  return { kind: "json", status, text: JSON.stringify(value) };
}
