import type { ServerResponse } from "node:http";
import type { AgentEvent, RunningAgent } from "../daemon/running-agent.ts";
import { isAskedFor } from "./api-routes.ts";
import type { EventsQuery } from "./request-schema.ts";

/** What may wait for a reader that does not read, before it is cut off. */
const waitingBytesMost = 1_048_576;
/** A line without content, so that a reader notices an agent that went away, and the agent a reader that did. */
const pulseMs = 5_000;

/**
 * Streams events as one JSON object per line: first those that were there already, then each as it comes. A reader that does not
 * read is cut off; it comes back with the id of the last line that it saw.
 */
export function followEvents(agent: RunningAgent, query: EventsQuery, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson; charset=utf-8", "cache-control": "no-store" });
  response.flushHeaders();
  const write = (event: AgentEvent): void => {
    if (!isAskedFor(event, query)) return;
    response.write(`${JSON.stringify(event)}\n`);
    if (response.writableLength > waitingBytesMost) response.destroy();
  };
  const stop = agent.onEvent(write);
  for (const event of agent.events(query.sinceId, query.sinceMs)) write(event);
  const pulse = setInterval(() => response.write("\n"), pulseMs);
  response.on("close", () => {
    clearInterval(pulse);
    stop();
  });
}
