import type { ServerResponse } from "node:http";
import type { AgentEvent, RunningAgent } from "../daemon/running-agent.ts";
import { isAskedFor } from "./api-routes.ts";
import type { EventsQuery } from "./request-schema.ts";

/** What may come for a reader that does not read, before it is cut off. */
const waitingBytesMost = 1_048_576;
/** A line without content, so that a reader notices an agent that went away, and the agent a reader that did. */
const pulseMs = 5_000;
/** Pulses that a reader may let pass without reading anything at all. @default 12: a minute */
const stalledMost = 12;

/**
 * Streams events as one JSON object per line: first those that were there already, at the pace of the reader, then each as it comes. A
 * reader that does not read is cut off; it comes back with the id of the last line that it saw.
 */
export function followEvents(agent: RunningAgent, query: EventsQuery, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson; charset=utf-8", "cache-control": "no-store" });
  response.flushHeaders();
  const waiting = agent.events(query.sinceId, query.sinceMs).filter((event) => isAskedFor(event, query));
  let next = 0;
  let isFull = false;
  let cameBytes = 0;
  let stalled = 0;
  const handOver = (): void => {
    isFull = false;
    stalled = 0;
    for (; next < waiting.length && !isFull; next += 1) isFull = !response.write(lineOf(waiting[next]));
    if (isFull) {
      response.once("drain", handOver);
      return;
    }
    waiting.length = 0;
    next = 0;
    cameBytes = 0;
  };
  const stop = agent.onEvent((event) => {
    if (!isAskedFor(event, query)) return;
    waiting.push(event);
    if (!isFull) return handOver();
    cameBytes += lineOf(event).length;
    if (cameBytes > waitingBytesMost) response.destroy();
  });
  const pulse = setInterval(() => {
    stalled = isFull ? stalled + 1 : 0;
    if (!isFull) response.write("\n");
    else if (stalled > stalledMost) response.destroy();
  }, pulseMs);
  response.on("close", () => {
    clearInterval(pulse);
    stop();
  });
  handOver();
}

function lineOf(event: AgentEvent | undefined): string {
  return `${JSON.stringify(event)}\n`;
}
