/** HTTP/1.1 around the routes: limits, parsing, answers. Nothing that a caller sends can cost more than these limits. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { RefusedRequest } from "./api-failure.ts";

/** Body of a request: a member list of 1,024 hosts with their addresses stays below this. */
export const bodyBytesMost = 1_048_576;
/** A caller writes its headers at once; whoever does not holds a slot for this long only. */
const headersMs = 5_000;
const requestMs = 10_000;
/** People, scripts, a scraper, the hook of every guest that starts: none of them keeps a connection. */
const connectionsMost = 128;

/** Sets what a server bears; the header limit goes into its options ({@link serverOptions}). */
export function limitServer(server: Server): void {
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.keepAliveTimeout = headersMs;
  server.maxConnections = connectionsMost;
  server.maxHeadersCount = 64;
}

/** Options of `createServer`. */
export const serverOptions = { maxHeaderSize: 16_384, connectionsCheckingInterval: 1_000 } as const;

/** The whole body as text. @throws RefusedRequest 413 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > bodyBytesMost) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMost) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(): RefusedRequest {
  return new RefusedRequest(413, "OPERATION_INVALID", `a request may have ${bodyBytesMost} bytes`);
}

/** JSON of a body; an empty one is an empty object. @throws RefusedRequest 400 */
export function parseBody(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RefusedRequest(400, "OPERATION_INVALID", "the body is not JSON");
  }
}

/** The decoded parts of a path and its query. @throws RefusedRequest 400 */
export function parseTarget(target: string): { readonly path: readonly string[]; readonly query: URLSearchParams } {
  const split = target.indexOf("?");
  const path = split === -1 ? target : target.slice(0, split);
  try {
    const parts = path.split("/").filter((part) => part !== "");
    return {
      path: parts.map(decodeURIComponent),
      query: new URLSearchParams(split === -1 ? "" : target.slice(split + 1)),
    };
  } catch {
    throw new RefusedRequest(400, "OPERATION_INVALID", "the path is not well-formed");
  }
}

/** Sends one whole answer. */
export function send(response: ServerResponse, status: number, text: string, type = "application/json"): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // What is left of a body that was refused is not read.
    ...(status === 413 ? { connection: "close" } : {}),
  });
  response.end(text);
}
