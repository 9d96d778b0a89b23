/**
 * The other end of the local API: what commands, the hook and tests use. Built for a fast start: one built-in module, no schema, for
 * the answers come from the agent of this very host.
 */
import type { OperatorCommand } from "@berth/claims";
import { AgentError } from "../agent-error.ts";
import type { AgentSnapshot, HookVerdict } from "../daemon/running-agent.ts";
import type { MemberDocument } from "../fleet/member-document.ts";
import type { OrderCommand } from "../ports/agent-notice.ts";
import type {
  ClaimItem,
  EventItem,
  ExplanationItem,
  GuestItem,
  HostItem,
  NetworkItem,
  PeerItem,
  PolicyItem,
  PromiseItem,
  StatusItem,
} from "./answers.ts";
import type { Envelope } from "./envelope.ts";
import { lineRequest, type SocketTarget, textRequest } from "./socket-request.ts";

/** What each kind of list holds. */
export interface ListItems {
  readonly guests: GuestItem;
  readonly hosts: HostItem;
  readonly networks: NetworkItem;
  readonly claims: ClaimItem;
  readonly promises: PromiseItem;
  readonly peers: PeerItem;
}

/** Which events. */
export interface EventFilter {
  readonly sinceId?: number;
  /** RFC 3339. */
  readonly since?: string;
  readonly guest?: string;
}

/**
 * Every method throws AgentError: AGENT_UNREACHABLE when nobody answers, NOT_AUTHORISED when this user may not, NOT_FOUND,
 * OPERATION_INVALID, FLEET_INVALID, OPERATION_FAILED as the agent says.
 */
export interface AgentClient {
  status(): Promise<Envelope<StatusItem>>;
  list<Kind extends keyof ListItems>(kind: Kind): Promise<Envelope<ListItems[Kind]>>;
  describe(kind: "guest" | "host" | "network", name: string): Promise<Envelope<Readonly<Record<string, unknown>>>>;
  /** @param host the host that is asked about; the answering one where it is left out */
  explain(guest: string, host?: string): Promise<Envelope<ExplanationItem>>;
  events(filter?: EventFilter): Promise<Envelope<EventItem>>;
  /** Those that are there and those that come, until the signal or the agent ends it. */
  follow(filter: EventFilter, signal: AbortSignal): AsyncIterable<EventItem>;
  /** Hands a command over; returns once it is taken, not once it is done. */
  operate(command: OperatorCommand): Promise<void>;
  /**
   * Hands a command to another host's agent; returns once that has taken it. In addition AGENT_UNREACHABLE when that host is not heard,
   * NOT_AUTHORISED when one of the two is an observer.
   */
  order(host: string, command: OrderCommand, operator: string): Promise<void>;
  reload(): Promise<PolicyItem>;
  hook(guest: string, operation: string): Promise<HookVerdict>;
  members(): Promise<MemberDocument>;
  adoptMembers(document: MemberDocument): Promise<void>;
  snapshot(): Promise<AgentSnapshot>;
  metrics(): Promise<string>;
}

/** A reload evaluates policy, and may wait for a mount or for a command that policy runs. */
const reloadDeadlineMs = 60_000;

/** @param target `deadlineMs` is that of one whole request. @default 5000: the agent answers from memory, within milliseconds */
export function agentClient(target: SocketTarget): AgentClient {
  const json = async <T>(path: string, body?: object, deadlineMs?: number): Promise<T> => {
    const init = { ...(body === undefined ? {} : { body }), ...(deadlineMs === undefined ? {} : { deadlineMs }) };
    return parse(await textRequest({ ...target, ...init }, path), target) as T;
  };
  return {
    status: () => json("/v1/status"),
    list: (kind) => json(`/v1/${kind}`),
    describe: (kind, name) => json(`/v1/${kind}s/${encodeURIComponent(name)}`),
    explain: (guest, host) =>
      json(`/v1/explain?${new URLSearchParams(host === undefined ? { guest } : { guest, on: host })}`),
    events: (filter = {}) => json(`/v1/events?${eventQuery(filter)}`),
    follow: (filter, signal) => follow(filter, signal, target),
    operate: async (command) => {
      await json("/v1/operate", command);
    },
    order: async (host, command, operator) => {
      await json("/v1/orders", { host, command, operator });
    },
    reload: () => json("/v1/reload", {}, Math.max(reloadDeadlineMs, target.deadlineMs ?? 0)),
    hook: (guest, operation) => json("/v1/hook", { guest, operation }),
    members: () => json("/v1/members"),
    adoptMembers: async (document) => {
      await json("/v1/members", document);
    },
    snapshot: async () => {
      const { decodeSnapshot } = await import("./snapshot-wire.ts");
      return decodeSnapshot(await textRequest(target, "/v1/snapshot"));
    },
    metrics: () => textRequest(target, "/metrics"),
  };
}

function parse(text: string, { socketPath }: SocketTarget): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AgentError("OPERATION_FAILED", `what answers at ${socketPath} is no Berth agent`, { cause });
  }
}

function eventQuery({ sinceId, since, guest }: EventFilter): URLSearchParams {
  return new URLSearchParams({
    ...(sinceId === undefined ? {} : { since_id: String(sinceId) }),
    ...(since === undefined ? {} : { since }),
    ...(guest === undefined ? {} : { guest }),
  });
}

async function* follow(filter: EventFilter, signal: AbortSignal, target: SocketTarget): AsyncGenerator<EventItem> {
  const query = eventQuery(filter);
  query.set("follow", "1");
  for await (const line of lineRequest(target, `/v1/events?${query}`, signal)) {
    yield parse(line, target) as EventItem;
  }
}
