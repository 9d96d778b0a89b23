import { hostname } from "node:os";
import type { Command } from "commander";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { type Colour, type ColourMode, type Painter, painter, wantsColour } from "./output/colour.ts";
import { type ListOptions, type ListView, type OutputFormat, renderList } from "./output/list-view.ts";
import { printableLines } from "./output/printable.ts";
import { type Column, renderTable } from "./output/table.ts";
import type { Terminal, TextSink } from "./terminal.ts";

/** What `-o` and `--no-headers` came to. */
export interface OutputChoice {
  readonly output: OutputFormat;
  readonly headers: boolean;
}

/** What an answer says beside its items; `asSeenBy` is this host where it is left out. */
export type ListRest = Partial<Pick<ListOptions, "unreachable" | "extra" | "asSeenBy">>;

/** What a session needs from whoever starts it. */
export interface SessionComponents {
  readonly terminal: Terminal;
  /** Runs another command line in this process, on the same terminal. */
  readonly run: (argv: readonly string[]) => Promise<ExitCode>;
  /** The program with all sub-commands loaded, for completion scripts. */
  readonly wholeProgram: () => Promise<Command>;
}

/** One run of one sub-command: its streams, its colours and the exit code that it comes to. */
export class Session {
  readonly terminal: Terminal;
  readonly run: SessionComponents["run"];
  readonly wholeProgram: SessionComponents["wholeProgram"];
  /** The host that answers, as `asSeenBy` names it. */
  readonly host: string = hostname();
  /** How the run ends unless something throws. */
  exitCode: ExitCode = exitCodes.fine;
  private colourMode: ColourMode = "auto";

  constructor(components: SessionComponents) {
    this.terminal = components.terminal;
    this.run = components.run;
    this.wholeProgram = components.wholeProgram;
  }

  /** Takes `--color` from the parsed command line. */
  useOptionsOf(command: Command): void {
    const { color } = command.optsWithGlobals<{ color?: ColourMode }>();
    this.colourMode = color ?? "auto";
  }

  /** The painter for data. */
  get paint(): Painter {
    return painter(this.wantsColourOn(this.terminal.stdout));
  }

  /** Writes what the user asked for. Texts that come from outside are made printable by their renderer. */
  data(text: string): void {
    if (text !== "") this.terminal.stdout.write(text);
  }

  /** Writes what is not data: notes, warnings, errors. The text is made printable, then painted. */
  note(text: string, colour?: Colour): void {
    this.terminal.stderr.write(`${painter(this.wantsColourOn(this.terminal.stderr))(colour, printableLines(text))}\n`);
  }

  /** Writes items to stdout as `-o` wants them. */
  async list<T>(view: ListView<T>, items: readonly T[], choice: OutputChoice, rest: ListRest = {}): Promise<void> {
    this.data(await this.render(view, items, choice, rest));
  }

  /** Items as `-o` wants them, as one text. */
  async render<T>(view: ListView<T>, items: readonly T[], choice: OutputChoice, rest: ListRest = {}): Promise<string> {
    const { output: format, headers } = choice;
    return await renderList(view, items, { format, headers, paint: this.paint, asSeenBy: this.host, ...rest });
  }

  /** Writes rows that are a table and nothing else: what JSON says of them has another shape. */
  table<T>(columns: readonly Column<T>[], rows: readonly T[], { output, headers }: OutputChoice): void {
    this.data(renderTable(columns, rows, { wide: output === "wide", headers, paint: this.paint }));
  }

  private wantsColourOn(sink: TextSink): boolean {
    return wantsColour({
      mode: this.colourMode,
      noColor: this.terminal.environment.NO_COLOR,
      term: this.terminal.environment.TERM,
      isTerminal: sink.isTerminal,
    });
  }
}
