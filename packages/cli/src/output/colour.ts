/**
 * Colour is decoration: every word that is coloured also says what the colour says. It is on where a person looks at
 * a terminal, off in a pipe, off with `NO_COLOR`, and as `--color` says where that is given.
 */

/** Values of `--color`. */
export const colourModes = ["auto", "always", "never"] as const;
export type ColourMode = (typeof colourModes)[number];

/** What decides about colour on one stream. */
export interface ColourConditions {
  readonly mode: ColourMode;
  /** The variable `NO_COLOR`; any text but the empty one switches colour off (no-color.org). */
  readonly noColor: string | undefined;
  /** The variable `TERM`; `dumb` switches colour off. */
  readonly term: string | undefined;
  readonly isTerminal: boolean;
}

/** Whether one stream gets colour. `--color` is an explicit wish and goes before `NO_COLOR`. */
export function wantsColour(conditions: ColourConditions): boolean {
  if (conditions.mode !== "auto") return conditions.mode === "always";
  if (conditions.noColor !== undefined && conditions.noColor !== "") return false;
  return conditions.isTerminal && conditions.term !== "dumb";
}

const sequences = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 } as const;
/** Names of the colours that the output uses. */
export type Colour = keyof typeof sequences;

/** A function that colours a text, or returns it as it is. */
export type Painter = (colour: Colour | undefined, text: string) => string;

/** @returns a painter that writes SGR sequences when `enabled` */
export function painter(enabled: boolean): Painter {
  if (!enabled) return (_colour, text) => text;
  return (colour, text) =>
    colour === undefined || text === "" ? text : `\u001b[${sequences[colour]}m${text}\u001b[0m`;
}

const colourOfWord: Readonly<Record<string, Colour>> = {
  running: "green",
  active: "green",
  kept: "green",
  repaired: "cyan",
  done: "cyan",
  planned: "yellow",
  pending: "yellow",
  paused: "yellow",
  skipped: "dim",
  "not-run": "dim",
  failed: "red",
  denied: "red",
  crashed: "red",
  error: "red",
  warning: "yellow",
  alarm: "red",
  up: "green",
  held: "green",
  leased: "green",
  yes: "green",
  no: "red",
  unknown: "yellow",
  unheard: "yellow",
  incompatible: "red",
  off: "dim",
  isolated: "yellow",
  losing: "yellow",
};

/** The colour that a state, an outcome or a severity has everywhere; a reason in brackets after it changes nothing. */
export function colourOf(word: string): Colour | undefined {
  return colourOfWord[word.split(" ", 1)[0] ?? ""];
}
