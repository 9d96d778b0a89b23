import type { Note } from "@berth/claims";
import type { LogLines } from "./log-lines.ts";
import type { AgentEvent } from "./running-agent.ts";

/** How many events are kept. @default 10,000: days of an ordinary fleet, about 3 MB */
const keptMost = 10_000;

/** What happened in this life of the agent, newest last: for `berth events`, alarms and the log. */
export class Journal {
  readonly #log: LogLines;
  readonly #listeners = new Set<(event: AgentEvent) => void>();
  #events: AgentEvent[] = [];
  #lastId = 0;

  constructor(components: { readonly log: LogLines }) {
    this.#log = components.log;
  }

  write(note: Note): void {
    this.#lastId += 1;
    const event: AgentEvent = { ...note, id: this.#lastId, at: new Date().toISOString() };
    this.#events.push(event);
    // Cut in blocks: one array copy per thousand events.
    if (this.#events.length > keptMost + 1_000) this.#events = this.#events.slice(-keptMost);
    const { level, code, text, guest, host } = note;
    const fields = { ...(guest === undefined ? {} : { guest }), ...(host === undefined ? {} : { host }) };
    if (level === "info") this.#log.info(code, text, fields);
    else if (level === "warning") this.#log.warn(code, text, fields);
    else this.#log.error(code, text, fields);
    for (const listener of this.#listeners) listener(event);
  }

  since(id: number): readonly AgentEvent[] {
    return this.#events.slice(-keptMost).filter((event) => event.id > id);
  }

  listen(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
