import type { Note } from "@berth/claims";
import { reasonOf } from "../agent-error.ts";
import { EventFile, type KeptEvent } from "../logging/event-file.ts";
import type { LogLines } from "./log-lines.ts";
import type { AgentEvent } from "./running-agent.ts";

/** How many events are kept in memory, and given out. @default 10,000: days of an ordinary fleet, about 3 MB */
const keptMost = 10_000;
/** A life's numbers begin at the next multiple: what a crash took from the disk has had numbers that somebody may have seen. */
const idStep = 1_000;

/** What a journal is made of. */
export interface JournalParts {
  readonly log: LogLines;
  /** Where it is kept. */
  readonly path: string;
  /** The kernel's boot id. */
  readonly bootId: string;
  /** Boot time, ms. */
  readonly bootMs: () => number;
  /** Wall clock, ms. */
  readonly wallMs: () => number;
}

/** What happened in this life of the agent and in earlier ones, newest last: for `berth events`, alarms and the log. */
export class Journal {
  readonly #parts: JournalParts;
  readonly #file: EventFile;
  readonly #listeners = new Set<(event: AgentEvent) => void>();
  readonly #life: number;
  readonly #firstId: number;
  #events: KeptEvent[] = [];
  /** Read when somebody asks for the first time: a start has no time for it. */
  #earlier: readonly KeptEvent[] | undefined;
  #lastId: number;

  /** Looks at the end of the file, and says so when it is torn. */
  constructor(parts: JournalParts) {
    this.#parts = parts;
    const { log, path } = parts;
    const onProblem = (error: unknown, dropped: number) =>
      log.warn(
        "EVENTS_NOT_KEPT",
        `the journal cannot be kept on the disk, ${dropped} entries so far: ${reasonOf(error)}`,
      );
    this.#file = new EventFile({ path, onProblem });
    const { lastId, lastLife, isTorn } = this.#file.end();
    this.#life = lastLife + 1;
    this.#lastId = lastId === 0 ? 0 : Math.ceil((lastId + 1) / idStep) * idStep;
    this.#firstId = this.#lastId + 1;
    if (isTorn) {
      const text = "the last entry of the life before was half written when the machine went down; it is left out";
      this.write({ level: "warning", code: "JOURNAL_TORN", text });
    }
  }

  write(note: Note): void {
    this.#lastId += 1;
    const { bootId: boot, log } = this.#parts;
    const at = new Date(this.#parts.wallMs()).toISOString();
    const event: KeptEvent = { ...note, id: this.#lastId, life: this.#life, at, boot, bootMs: this.#parts.bootMs() };
    this.#events.push(event);
    // Cut in blocks: one array copy per thousand events.
    if (this.#events.length > keptMost + 1_000) this.#events = this.#events.slice(-keptMost);
    this.#file.append(event);
    const { level, code, text, guest, host } = note;
    const fields = { ...(guest === undefined ? {} : { guest }), ...(host === undefined ? {} : { host }) };
    if (level === "info") log.info(code, text, fields);
    else if (level === "warning") log.warn(code, text, fields);
    else log.error(code, text, fields);
    const told = withoutBoot(event);
    for (const listener of this.#listeners) listener(told);
  }

  /**
   * Oldest first: those after `id`, and of these only what is not older than `sinceMs` of the wall clock as it is now. Within this boot the age is
   * that of the boot clock, so a step of the wall clock hides nothing and brings nothing back; before it, only what the wall clock said is known.
   */
  since(id: number, sinceMs?: number): readonly AgentEvent[] {
    const { bootId, bootMs, wallMs } = this.#parts;
    const earlier = id + 1 >= this.#firstId ? [] : this.#readEarlier();
    const events = [...earlier, ...this.#events].slice(-keptMost).filter((event) => event.id > id);
    if (sinceMs === undefined) return events.map(withoutBoot);
    const bootedMs = wallMs() - bootMs();
    const timeOf = ({ at, boot, bootMs: ms }: KeptEvent) => (boot === bootId ? bootedMs + ms : Date.parse(at));
    return events.filter((event) => timeOf(event) >= sinceMs).map(withoutBoot);
  }

  listen(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when what was written is on its way to the disk. */
  async close(): Promise<void> {
    await this.#file.flush();
  }

  #readEarlier(): readonly KeptEvent[] {
    if (this.#earlier !== undefined) return this.#earlier;
    const { events, damaged } = this.#file.read();
    this.#earlier = events.filter(({ id }) => id < this.#firstId);
    if (damaged > 0) {
      const lines = damaged === 1 ? "1 entry of the journal is" : `${damaged} entries of the journal are`;
      const text = `${lines} damaged on the disk and left out: ${this.#parts.path}`;
      this.write({ level: "info", code: "JOURNAL_DAMAGED", text });
    }
    return this.#earlier;
  }
}

/** What is given out: times of the boot clock mean nothing elsewhere. */
function withoutBoot({ boot: _, bootMs: __, ...event }: KeptEvent): AgentEvent {
  return event;
}
