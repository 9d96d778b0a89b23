import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AgentConfig } from "../config/agent-config.ts";
import type { RunningAgent } from "../daemon/running-agent.ts";
import type { AgentLog } from "../logging/agent-log.ts";
import { type AgentMetrics, createAgentMetrics } from "../metrics/agent-metrics.ts";
import { failureOf } from "./api-failure.ts";
import { answer } from "./api-routes.ts";
import { followEvents } from "./follow-events.ts";
import { limitServer, parseBody, parseTarget, readBody, send, serverOptions } from "./http-connection.ts";
import { isLocalHostHeader, type LoopbackAddress, parseLoopback } from "./loopback-address.ts";
import { listenOnSocket, openToGroup } from "./unix-socket.ts";

/** What {@link startApi} needs. */
export interface ApiInit {
  readonly agent: RunningAgent;
  readonly config: Pick<AgentConfig, "socketPath" | "socketGroup" | "httpListen">;
  readonly log: AgentLog;
}

/** The listening API. */
export interface RunningApi {
  readonly socketPath: string;
  /** `host:port` with the real port; absent where none was asked for. */
  readonly httpAddress?: string;
  /** Ends both listeners and everybody who follows events. The agent goes on. */
  close(): Promise<void>;
}

/**
 * The local API on its unix socket, and health and metrics on loopback.
 *
 * @throws AgentError STATE_FILE_LOCKED when another agent answers at the socket; CONFIG_INVALID, STATE_FILE_UNAVAILABLE
 */
export async function startApi(init: ApiInit): Promise<RunningApi> {
  const { agent, config, log } = init;
  const loopback = config.httpListen === "" ? undefined : parseLoopback(config.httpListen);
  const metrics = createAgentMetrics(agent);
  const api = newServer((request, response) => void onSocket(request, response, init, metrics));
  await listenOnSocket(api, config.socketPath);
  outliveErrors(api, log);
  const problem = openToGroup(config.socketPath, config.socketGroup);
  if (problem !== undefined) log.warn("SOCKET_GROUP", `${config.socketPath} stays with its owner alone: ${problem}`);
  const http = loopback === undefined ? undefined : await listenOnLoopback(loopback, init, metrics);
  log.info("API_LISTENS", `the local API listens on ${config.socketPath}`, http && { http: http.address });
  return {
    socketPath: config.socketPath,
    ...(http === undefined ? {} : { httpAddress: http.address }),
    close: async () => {
      metrics.stop();
      await Promise.all([close(api), http === undefined ? undefined : close(http.server)]);
    },
  };
}

function newServer(onRequest: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(serverOptions, onRequest);
  limitServer(server);
  return server;
}

/** A connection that cannot be accepted, such as for want of file descriptors, is no reason for an agent to end. */
function outliveErrors(server: Server, log: AgentLog): void {
  server.on("error", (error) => log.error("API_FAILED", "a connection could not be accepted", { error }));
}

async function onSocket(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, log }: ApiInit,
  metrics: AgentMetrics,
): Promise<void> {
  try {
    const { path, query } = parseTarget(request.url ?? "/");
    if (await answerHealth(path, response, agent, metrics)) return;
    const method = request.method ?? "GET";
    const body = method === "POST" ? parseBody(await readBody(request)) : undefined;
    const reply = await answer({ method, path, query, body }, { agent, log });
    if (reply.kind === "follow") followEvents(agent, reply.query, response);
    else send(response, reply.status, `${reply.text}\n`);
  } catch (error) {
    const { status, failure } = failureOf(error);
    if (status === 500) log.error("API_FAILED", "a request failed", { error, url: request.url });
    send(response, status, `${JSON.stringify({ error: failure })}\n`);
  }
}

/** `/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`. False for every other path. */
async function answerHealth(
  path: readonly string[],
  response: ServerResponse,
  agent: RunningAgent,
  metrics: AgentMetrics,
): Promise<boolean> {
  switch (path.join("/")) {
    case "healthz":
      send(response, 200, "ok\n", "text/plain");
      return true;
    case "readyz": {
      const missing = notReady(agent);
      send(response, missing.length === 0 ? 200 : 503, `${missing.join("\n") || "ready"}\n`, "text/plain");
      return true;
    }
    case "metrics":
      send(response, 200, await metrics.text(), "text/plain; version=0.0.4");
      return true;
    default:
      return false;
  }
}

/** What keeps this host from taking guests, a line each; a witness needs no hypervisor and no dead-man. */
function notReady(agent: RunningAgent): readonly string[] {
  const { claims, hypervisorProblem, deadMan, policy, members, self } = agent.snapshot();
  const missing: string[] = [];
  const witness = members.members.find(({ hostId }) => hostId === self)?.hypervisor === false;
  if (!witness && hypervisorProblem !== undefined) missing.push(`hypervisor: ${hypervisorProblem}`);
  if (!witness && deadMan.sign !== "alive") missing.push(`dead-man: ${deadMan.sign}`);
  if (!witness && claims.leaseRemainingMs <= 0)
    missing.push(`lease: none, ${claims.votersHeard} of ${claims.votersNeeded} voters`);
  if (!witness && policy.generation === 0) missing.push("policy: none in force");
  return missing;
}

/** Undefined, with an error in the log, where the port is taken: guests are worth more than their metrics. */
async function listenOnLoopback(
  { host, port }: LoopbackAddress,
  { agent, log }: ApiInit,
  metrics: AgentMetrics,
): Promise<{ readonly server: Server; readonly address: string } | undefined> {
  const server = newServer((request, response) => void onLoopback(request, response, agent, metrics));
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once("error", resolve);
    server.listen(port, host, () => resolve(undefined));
  });
  if (problem !== undefined) {
    log.error("HTTP_LISTEN", `no metrics and no health: ${host}:${port} cannot be listened on (${problem.code})`);
    return undefined;
  }
  outliveErrors(server, log);
  const { address, port: real, family } = server.address() as AddressInfo;
  return { server, address: family === "IPv6" ? `[${address}]:${real}` : `${address}:${real}` };
}

async function onLoopback(
  request: IncomingMessage,
  response: ServerResponse,
  agent: RunningAgent,
  metrics: AgentMetrics,
): Promise<void> {
  try {
    const { path } = parseTarget(request.url ?? "/");
    if (!isLocalHostHeader(request.headers.host)) {
      send(response, 403, "this address answers to loopback names only\n", "text/plain");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      send(response, 405, "GET only\n", "text/plain");
    } else if (!(await answerHealth(path, response, agent, metrics))) {
      send(response, 404, "here are /healthz, /readyz and /metrics; the rest is on the agent's socket\n", "text/plain");
    }
  } catch (error) {
    const { status, failure } = failureOf(error);
    send(response, status, `${failure.message}\n`, "text/plain");
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
