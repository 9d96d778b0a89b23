import type { DiagnosticSink } from "./diagnostic-sink.ts";
import { type Macro, macroConditions, readMacro } from "./macro.ts";
import type { SourceText } from "./source-text.ts";

/**
 * The `@if` that is open while a text is lexed, and what its branches keep. There is at most one: `@if` does not nest in
 * CFEngine, so an inner one is an error here too.
 */
export class MacroState {
  readonly #source: SourceText;
  readonly #sink: DiagnosticSink;
  #open: { readonly start: number; readonly length: number; elseSeen: boolean } | undefined;
  /** Where each macro leads. Lexing looks ahead and goes back; a macro acts, and is said to be wrong, only the first time. */
  readonly #ends = new Map<number, number>();

  constructor(source: SourceText, sink: DiagnosticSink) {
    this.#source = source;
    this.#sink = sink;
  }

  /**
   * @param at offset of an `@` outside strings and comments
   * @returns the offset to go on from: behind the macro and the lines that it drops, or `at` where it is no macro
   */
  skip(at: number): number {
    const macro = readMacro(this.#source.text.slice(at, Math.min(this.#source.lineEnd(at), at + lineLengthMax)));
    if (macro === undefined) return at;
    const known = this.#ends.get(at);
    if (known !== undefined) return known;
    if (at !== this.#source.lineStart(at)) {
      this.#report(
        "POLICY_MACRO_COLUMN",
        at,
        macro,
        `${macroName(macro)} must start at column 1: remove what stands before it on its line`,
      );
    }
    const end = this.#act(macro, at);
    this.#ends.set(at, end);
    return end;
  }

  /** To be called at the end of the text. */
  finish(): void {
    if (this.#open === undefined) return;
    const { start, length } = this.#open;
    this.#open = undefined;
    this.#sink.report(
      "POLICY_MACRO_UNCLOSED",
      start,
      start + length,
      "this @if has no @endif; write @endif at column 1 where its lines end",
    );
  }

  #act(macro: Macro, at: number): number {
    const end = at + macro.length;
    switch (macro.kind) {
      case "malformed":
        return this.#malformed(macro, at);
      case "if":
        return this.#enter(macro, at);
      case "else":
        if (!this.#expectOpen(macro, at)) return end;
        if (this.#open?.elseSeen === true) this.#reportSecondElse(at);
        if (this.#open !== undefined) this.#open.elseSeen = true;
        return this.#skipDropped(end);
      case "endif":
        this.#expectOpen(macro, at);
        this.#open = undefined;
        return end;
    }
  }

  #enter(macro: Macro & { kind: "if" }, at: number): number {
    const end = at + macro.length;
    if (this.#open !== undefined) {
      const position = this.#source.positionAt(this.#open.start);
      this.#sink.report(
        "POLICY_MACRO_NESTED",
        at,
        end,
        "@if inside @if is not possible; close the first one with @endif before this line",
        {
          related: [{ position, message: "the @if that is still open" }],
        },
      );
      return end;
    }
    this.#open = { start: at, length: macro.length, elseSeen: false };
    return macro.holds ? end : this.#skipDropped(end);
  }

  #malformed(macro: Macro, at: number): number {
    const message = `this @if has no condition that is known; write @if NAME(...) with one blank after @if and none inside, NAME one of ${macroConditions.join(", ")}`;
    this.#report("POLICY_MACRO_CONDITION", at, macro, message, "@if minimum_version(3.18)");
    this.#open ??= { start: at, length: macro.length, elseSeen: false };
    return this.#source.lineEnd(at);
  }

  /** Goes to the macro that ends the dropped lines. What they hold is no policy, so quotes and comments mean nothing there. */
  #skipDropped(from: number): number {
    const { text } = this.#source;
    for (let at = text.indexOf("\n@", from); at !== -1; at = text.indexOf("\n@", at + 1)) {
      const macro = readMacro(text.slice(at + 1, Math.min(this.#source.lineEnd(at + 1), at + lineLengthMax)));
      if (macro === undefined) continue;
      if (macro.kind === "endif") {
        this.#open = undefined;
        return at + 1 + macro.length;
      }
      if (macro.kind === "else") {
        if (this.#open?.elseSeen === true) {
          this.#reportSecondElse(at + 1);
          continue;
        }
        if (this.#open !== undefined) this.#open.elseSeen = true;
        return at + 1 + macro.length;
      }
      this.#enter({ kind: "if", holds: true, length: macro.length }, at + 1);
    }
    return text.length;
  }

  #reportSecondElse(at: number): void {
    this.#sink.report(
      "POLICY_MACRO_SECOND_ELSE",
      at,
      at + "@else".length,
      "this @if already has an @else; remove one of them",
    );
  }

  #expectOpen(macro: Macro, at: number): boolean {
    if (this.#open !== undefined) return true;
    this.#report(
      "POLICY_MACRO_WITHOUT_IF",
      at,
      macro,
      `${macroName(macro)} has no @if before it; remove it, or add the @if`,
    );
    return false;
  }

  #report(code: string, at: number, macro: Macro, message: string, hint?: string): void {
    this.#sink.report(code, at, at + macro.length, message, hint === undefined ? {} : { hint });
  }
}

/** A macro line longer than this is cut: no condition needs more. */
const lineLengthMax = 512;

function macroName(macro: Macro): string {
  return macro.kind === "malformed" ? "@if" : `@${macro.kind}`;
}
