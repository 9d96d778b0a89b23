/** How a simulation is followed: a view that renews itself on a terminal, one line per happening anywhere else. */
import type { Session } from "../session.ts";
import type { SimulationStatus, StoryLine } from "./simulation-status.ts";
import { overlapText, renderSimulation, storyText } from "./simulation-view.ts";

/** A view that is on. */
export interface SimulationScreen {
  /** A line of the story, as it happens. */
  tell(line: StoryLine): void;
  show(status: SimulationStatus): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** How often a live view is renewed. */
export const renewMs = 250;

/** The screen that fits where the output goes. */
export function openScreen(session: Session, footer: string): SimulationScreen {
  return session.terminal.stdout.isTerminal ? new LiveScreen(session, footer) : new PlainScreen(session);
}

const control = "\u001b[";
/** The alternate screen and a hidden cursor; what was on the terminal before is back afterwards. */
const enter = `${control}?1049h${control}?25l`;
const leave = `${control}?25h${control}?1049l`;

class LiveScreen implements SimulationScreen {
  readonly #session: Session;
  readonly #footer: string;
  #open = true;

  constructor(session: Session, footer: string) {
    this.#session = session;
    this.#footer = footer;
    session.terminal.stdout.write(enter);
  }

  tell(): void {
    // The view has the story in it.
  }

  show(status: SimulationStatus): void {
    const { stdout } = this.#session.terminal;
    const { paint } = this.#session;
    const rows = process.stdout.rows ?? 30;
    const storyLines = Math.max(3, rows - status.hosts.length - 12);
    const text = renderSimulation(status, { paint, degraded: true, columns: stdout.columns ?? 100, storyLines });
    const lines = `${text}\n${paint("dim", this.#footer)}`.split("\n").map((line) => `${line}${control}K`);
    stdout.write(`${control}H${lines.join("\n")}${control}J`);
  }

  close(): void {
    if (this.#open) this.#session.terminal.stdout.write(leave);
    this.#open = false;
  }
}

class PlainScreen implements SimulationScreen {
  readonly #session: Session;
  #overlapMs = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  tell(line: StoryLine): void {
    if (line.weight !== "detail") this.#session.data(`${storyText(line, this.#session.paint)}\n`);
  }

  /** Says nothing, unless what must not be has happened. */
  show({ overlap }: SimulationStatus): void {
    if (overlap.totalMs > this.#overlapMs) this.#session.data(`${overlapText(overlap, this.#session.paint)}\n`);
    this.#overlapMs = Math.max(this.#overlapMs, overlap.totalMs);
  }

  close(): void {
    // Nothing was changed.
  }
}
