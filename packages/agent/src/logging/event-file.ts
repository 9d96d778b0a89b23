/**
 * The journal on the disk, so that `berth events` knows what earlier lives of the agent did, the last words before a crash included.
 *
 * Two files, the older one whole and the newer one growing: together they are bounded. A line is appended without a sync and without
 * anybody waiting for it, since the journal is for people and renewals are not to wait for a disk. So a power cut may take the last seconds,
 * and may leave half a line; every line has a sum, what does not hold is left out and counted, and the rest is read all the same.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { appendFile, rename, stat } from "node:fs/promises";
import type { AgentEvent } from "../daemon/running-agent.ts";
import { checkedLine, readCheckedLine } from "../store/checked-line.ts";

/** Bytes of one file before another is begun. @default 1 MiB: about 5,000 entries, read within some 10 ms when somebody asks */
const fileBytes = 1_048_576;
/** Lines that wait for a disk that does not write; more are dropped and counted. */
const waitingMost = 2_000;
/** What is read at a start: the newest entry stands in it. */
const tailBytes = 65_536;

/** An entry as it lies on the disk, with the clock that no administrator sets. */
export interface KeptEvent extends AgentEvent {
  /** The kernel's boot id. */
  readonly boot: string;
  /** Boot time when it was written, ms. */
  readonly bootMs: number;
}

/** What was found in the files. */
export interface KeptEvents {
  readonly events: readonly KeptEvent[];
  /** Lines that are not what was written. */
  readonly damaged: number;
}

/** Where the last life ended. */
export interface EventFileEnd {
  /** 0 where there is none. */
  readonly lastId: number;
  readonly lastLife: number;
  /** The file ends within a line: the machine went down while it was written. */
  readonly isTorn: boolean;
}

/** The newer file of the two; the older one has `.1` at its end. */
export class EventFile {
  readonly #path: string;
  readonly #onProblem: (error: unknown, dropped: number) => void;
  readonly #fileBytes: number;
  #waiting: string[] = [];
  #dropped = 0;
  #failing = false;
  #bytes: number | undefined;
  #writing: Promise<void> | undefined;

  /** @param components.onProblem told once when writing begins to fail */
  constructor(components: {
    readonly path: string;
    readonly onProblem: (error: unknown, dropped: number) => void;
    readonly fileBytes?: number;
  }) {
    this.#path = components.path;
    this.#onProblem = components.onProblem;
    this.#fileBytes = components.fileBytes ?? fileBytes;
  }

  /** How the newest file ends. What a torn line was is lost; the next line begins on its own. */
  end(): EventFileEnd {
    const text = readTail(this.#path);
    const isTorn = text !== "" && !text.endsWith("\n");
    if (isTorn) this.#waiting.push("\n");
    const newest = parse(text).events.at(-1) ?? parse(readTail(older(this.#path))).events.at(-1);
    return { lastId: newest?.id ?? 0, lastLife: newest?.life ?? 0, isTorn };
  }

  /** Everything that is kept, oldest first. Reads the disk. */
  read(): KeptEvents {
    const files = [older(this.#path), this.#path].map((path) => parse(readWhole(path)));
    return {
      events: files.flatMap(({ events }) => events),
      damaged: files.reduce((sum, { damaged }) => sum + damaged, 0),
    };
  }

  /** Adds an entry; returns at once. */
  append(event: KeptEvent): void {
    if (this.#waiting.length >= waitingMost) this.#dropped += 1;
    else this.#waiting.push(`${checkedLine(JSON.stringify(event))}\n`);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything that was added is written, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** One at a time. Whatever comes meanwhile is in the next round; what comes after the last look begins another. */
  async #write(): Promise<void> {
    // The first round begins later, so that `#writing` is set when the last one unsets it.
    await undefined;
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(lines.join(""));
        this.#failing = false;
      } catch (error) {
        this.#dropped += lines.length;
        this.#bytes = undefined;
        if (!this.#failing) this.#onProblem(error, this.#dropped);
        this.#failing = true;
        break;
      }
    }
    this.#writing = undefined;
  }

  async #append(text: string): Promise<void> {
    this.#bytes ??= await sizeOf(this.#path);
    if (this.#bytes >= this.#fileBytes) {
      await rename(this.#path, older(this.#path));
      this.#bytes = 0;
    }
    await appendFile(this.#path, text, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(text);
  }
}

function older(path: string): string {
  return `${path}.1`;
}

/** Lines that hold. One that the text begins within, as a tail does, does not and is not damage. */
function parse(text: string): KeptEvents {
  const events: KeptEvent[] = [];
  let damaged = 0;
  for (const line of text.split("\n")) {
    const event = line === "" ? undefined : eventOf(readCheckedLine(line));
    if (event !== undefined) events.push(event);
    else if (line !== "") damaged += 1;
  }
  return { events, damaged };
}

/** The sum has proven that an agent wrote it: what is missing from an older layout is looked for, and no more. */
function eventOf(text: string | undefined): KeptEvent | undefined {
  if (text === undefined) return undefined;
  const value = JSON.parse(text) as Partial<KeptEvent>;
  const { id, life, at, level, code } = value;
  const isWhole = [id, life].every(Number.isInteger) && [at, level, code].every((one) => typeof one === "string");
  return isWhole ? (value as KeptEvent) : undefined;
}

function readWhole(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readTail(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.subarray(0, read).toString("utf8");
  } finally {
    closeSync(file);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
