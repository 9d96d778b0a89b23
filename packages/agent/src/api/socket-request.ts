/** One HTTP request over the agent's socket, and what each way of failing means for the person who asked. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { AgentError, type AgentErrorCode } from "../agent-error.ts";

/** Whom to ask, and for how long. */
export interface SocketTarget {
  readonly socketPath: string;
  /** Of the whole request. @default 5000 */
  readonly deadlineMs?: number;
  /** Sent as JSON by POST; absent for GET. */
  readonly body?: object;
}

/** An agent that answers from memory and takes this long is as good as gone. */
const defaultDeadlineMs = 5_000;
/** A snapshot of 10,000 guests is some 20 MB. */
const answerBytesMost = 268_435_456;

/** The body of a successful answer. @throws AgentError see {@link failure} */
export async function textRequest(target: SocketTarget, path: string): Promise<string> {
  const { signal, done } = deadline(target);
  try {
    const response = await open(target, path, signal);
    const text = await read(response);
    if ((response.statusCode ?? 500) >= 300) throw refusal(response.statusCode ?? 500, text, target);
    return text;
  } catch (error) {
    throw signal.aborted ? tooSlow(target) : failure(error, target);
  } finally {
    done();
  }
}

/** The lines of an answer that does not end, empty ones left out, until `signal` or the agent ends it. */
export async function* lineRequest(target: SocketTarget, path: string, signal: AbortSignal): AsyncGenerator<string> {
  const first = deadline(target);
  let response: IncomingMessage;
  try {
    response = await open(target, path, AbortSignal.any([signal, first.signal]));
  } catch (error) {
    if (signal.aborted) return;
    throw first.signal.aborted ? tooSlow(target) : failure(error, target);
  } finally {
    first.done();
  }
  if ((response.statusCode ?? 500) >= 300) throw refusal(response.statusCode ?? 500, await read(response), target);
  try {
    yield* linesOf(response, signal);
  } catch (error) {
    if (!signal.aborted) throw failure(error, target);
  }
}

async function* linesOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<string> {
  let rest = "";
  response.setEncoding("utf8");
  signal.addEventListener("abort", () => response.destroy(), { once: true });
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
}

function deadline({ deadlineMs = defaultDeadlineMs }: SocketTarget): {
  readonly signal: AbortSignal;
  readonly done: () => void;
} {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), deadlineMs);
  return { signal: controller.signal, done: () => clearTimeout(timer) };
}

function open({ socketPath, body }: SocketTarget, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const method = text === undefined ? "GET" : "POST";
    const asked: ClientRequest = request({ socketPath, path, method, headers, agent: false, signal });
    asked.once("response", resolve);
    asked.on("error", reject);
    asked.end(text);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > answerBytesMost) throw new AgentError("OPERATION_FAILED", "the agent's answer does not end");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooSlow({ socketPath, deadlineMs = defaultDeadlineMs }: SocketTarget): AgentError {
  return new AgentError(
    "AGENT_UNREACHABLE",
    `the agent at ${socketPath} did not answer within ${deadlineMs / 1000} s`,
    {
      remedy: "see what it is doing: journalctl -u berth-agent",
    },
  );
}

const unreachable: Readonly<Record<string, string>> = {
  ENOENT: "there is no socket",
  ENOTDIR: "there is no socket",
  ECONNREFUSED: "nobody listens there; an agent that died has left the file",
  ECONNRESET: "the connection was cut; the agent is going down",
  EPIPE: "the connection was cut; the agent is going down",
};

/** What a system error means: nobody there, or no right to ask. */
function failure(error: unknown, { socketPath }: SocketTarget): Error {
  if (error instanceof AgentError) return error;
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") {
    return new AgentError("NOT_AUTHORISED", `this user may not use the agent's socket ${socketPath}`, {
      cause: error,
      remedy: "run it as root, or join the group that owns the socket",
    });
  }
  const why = unreachable[code] ?? (error as Error).message;
  return new AgentError("AGENT_UNREACHABLE", `no agent answers at ${socketPath}: ${why}`, {
    cause: error,
    remedy: "start it with `systemctl start berth-agent` (or `berth agent`), or name its socket with --socket",
  });
}

const codes: Readonly<Record<number, AgentErrorCode>> = {
  400: "OPERATION_INVALID",
  403: "NOT_AUTHORISED",
  404: "NOT_FOUND",
  405: "OPERATION_INVALID",
  409: "OPERATION_INVALID",
  413: "OPERATION_INVALID",
  503: "AGENT_UNREACHABLE",
};

/** Codes of a refusal that a caller tells apart; any other one is read off the status. */
const carried: readonly AgentErrorCode[] = [
  "FLEET_INVALID",
  "NOT_FOUND",
  "OPERATION_INVALID",
  "NOT_AUTHORISED",
  "AGENT_UNREACHABLE",
];

function refusal(status: number, text: string, { socketPath }: SocketTarget): AgentError {
  const said = refusalText(text);
  const code = carried.find((one) => one === said?.code) ?? codes[status] ?? "OPERATION_FAILED";
  const message = said?.message ?? `the agent at ${socketPath} answered with status ${status}`;
  return new AgentError(code, message, said?.remedy === undefined ? {} : { remedy: said.remedy });
}

function refusalText(
  text: string,
): { readonly code?: string; readonly message?: string; readonly remedy?: string } | undefined {
  try {
    return (JSON.parse(text) as { error?: { code?: string; message?: string; remedy?: string } }).error;
  } catch {
    return undefined;
  }
}
