/**
 * What a person reads. One line per thing that happened: when, where, what and why. Nothing in the simulator reads it
 * back, and a run without a journal takes the same course (the trace hash shows it).
 */
export interface JournalLine {
  readonly atMs: number;
  /** The host it happened on, or `fleet` for the network and for operators. */
  readonly where: string;
  readonly text: string;
}

/** Collects the lines of one run. */
export class Journal {
  readonly lines: JournalLine[] = [];
  readonly #limit: number;

  /** @param limit how many of the latest lines are kept */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  add(atMs: number, where: string, text: string): void {
    this.lines.push({ atMs, where, text });
    if (this.lines.length > this.#limit * 2) this.lines.splice(0, this.#limit);
  }

  /** The lines as text, time in seconds. */
  render(): string {
    return this.lines.map(renderLine).join("\n");
  }
}

/** One line as text: time in seconds, place, what happened. */
export function renderLine(line: JournalLine): string {
  return `${(line.atMs / 1000).toFixed(3).padStart(9)} s  ${line.where.padEnd(5)}  ${line.text}`;
}
