/**
 * Text to tokens, one at a time, by character codes: no token is built, the lexer only says of what kind the current one is
 * and where it starts and ends. Blanks, comments and macros (see macro.ts) vanish here.
 *
 * The language is not regular: `linux.debian` is three junk characters and two words on a right side but a guard where a
 * promise may start. So the parser asks for a guard where one may stand ({@link Lexer.guardEnd}); all other tokens look the
 * same everywhere.
 */
import { isBlankCode, isGuardCode, isWordCode, wordTable } from "./character-class.ts";
import type { DiagnosticSink } from "./diagnostic-sink.ts";
import { MacroState } from "./macro-state.ts";
import type { SourceText } from "./source-text.ts";

/**
 * `word`: an identifier, qualified (`ns:name`) or not, or a bare number. `variable`: `$(x)` and its kin outside quotes.
 * `unterminated`: a string whose closing quote never comes. `unknown`: a character that starts no token.
 */
export type TokenKind =
  | "word"
  | "string"
  | "variable"
  | "unterminated"
  | "unknown"
  | "end"
  | "=>"
  | "->"
  | "{"
  | "}"
  | "("
  | ")"
  | ","
  | ";"
  | ":"
  | "::";

const code = {
  tab: 9,
  newline: 10,
  carriageReturn: 13,
  blank: 32,
  doubleQuote: 34,
  hash: 35,
  dollar: 36,
  singleQuote: 39,
  openParenthesis: 40,
  closeParenthesis: 41,
  dash: 45,
  dot: 46,
  colon: 58,
  equals: 61,
  greater: 62,
  at: 64,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  backtick: 96,
  openBrace: 123,
  closeBrace: 125,
} as const;

const punctuation: Readonly<Record<number, TokenKind>> = { 40: "(", 41: ")", 44: ",", 59: ";", 123: "{", 125: "}" };

/** Reads one text. The current token is looked at through its fields; {@link Lexer.advance} goes to the next one. */
export class Lexer {
  readonly source: SourceText;
  readonly text: string;
  /** The current token. */
  kind: TokenKind = "end";
  /** Offset of its first character. */
  start = 0;
  /** Offset after its last character. */
  end = 0;
  /** Offset after the last character of the token before. */
  previousEnd = 0;
  readonly #macros: MacroState;
  #backslash = -1;
  #backslashSearchedFrom = 0;
  /** No `::` stands in the run of guard characters up to here: saves scanning the same run twice. */
  #noGuardBefore = 0;

  constructor(source: SourceText, sink: DiagnosticSink) {
    this.source = source;
    this.text = source.text;
    this.#macros = new MacroState(source, sink);
    this.advance();
    this.previousEnd = 0;
  }

  /** Moves to the next token; at the end it stays there. */
  advance(): void {
    this.previousEnd = this.end;
    const at = this.#skipBlanks(this.end);
    this.start = at;
    this.end = at + 1;
    const first = this.text.charCodeAt(at);
    if (at >= this.text.length) this.#finish("end", at);
    else if (wordTable[first] === 1) this.#finish("word", this.#wordEnd(at));
    else if (first === code.doubleQuote || first === code.singleQuote) this.#readString(first);
    else if (first === code.backtick) this.#readBacktick();
    else this.#readMark(first);
  }

  /** Moves back (or on) to `offset` and reads the token there. For recovery: whoever calls it makes sure that it ends. */
  moveTo(offset: number): void {
    this.end = offset;
    this.advance();
  }

  /**
   * The kind of the token after the current one, told from its first two characters; undefined where a comment, a macro or
   * anything else stands there that takes a real look.
   */
  peek(): TokenKind | undefined {
    const { text } = this;
    let at = this.end;
    let first = text.charCodeAt(at);
    while (isBlankCode(first)) first = text.charCodeAt(++at);
    if (wordTable[first] === 1) return "word";
    const second = text.charCodeAt(at + 1);
    if (first === code.equals && second === code.greater) return "=>";
    if (first === code.dash && second === code.greater) return "->";
    if (first === code.colon) return second === code.colon ? "::" : ":";
    return punctuation[first];
  }

  /**
   * The offset after the `::` of the unquoted guard that starts with the current token, or -1 where no guard starts here.
   * A guard ends at its line's end.
   */
  guardEnd(): number {
    if (this.start < this.#noGuardBefore || !isGuardCode(this.text.charCodeAt(this.start))) return -1;
    for (let at = this.start; ; at++) {
      const current = this.text.charCodeAt(at);
      if (current === code.colon && this.text.charCodeAt(at + 1) === code.colon && at > this.start) return at + 2;
      if (!isGuardCode(current)) {
        this.#noGuardBefore = at;
        return -1;
      }
    }
  }

  /** Whether the current word is a heading: a colon right behind it, and not the first of two. */
  atHeading(): boolean {
    if (this.kind !== "word" || this.text.charCodeAt(this.end) !== code.colon) return false;
    return this.text.charCodeAt(this.end + 1) !== code.colon;
  }

  /** Whether `::` stands right behind the current string, which makes it a guard. */
  atQuotedGuard(): boolean {
    return (
      this.kind === "string" &&
      this.text.charCodeAt(this.start) !== code.backtick &&
      this.text.charCodeAt(this.end) === code.colon &&
      this.text.charCodeAt(this.end + 1) === code.colon
    );
  }

  /** The current token as written. */
  tokenText(): string {
    return this.text.slice(this.start, this.end);
  }

  #finish(kind: TokenKind, end: number): void {
    this.kind = kind;
    this.end = end;
    if (kind === "end") this.#macros.finish();
  }

  #wordEnd(from: number): number {
    const { text } = this;
    let at = from + 1;
    while (wordTable[text.charCodeAt(at)] === 1) at++;
    if (text.charCodeAt(at) !== code.colon || wordTable[text.charCodeAt(at + 1)] !== 1) return at;
    at += 2;
    while (wordTable[text.charCodeAt(at)] === 1) at++;
    return at;
  }

  #readString(quote: number): void {
    const { text } = this;
    const mark = quote === code.doubleQuote ? '"' : "'";
    let from = this.start + 1;
    let close = text.indexOf(mark, from);
    while (close !== -1) {
      const backslash = this.#backslashFrom(from);
      if (backslash > close) {
        this.#finish("string", close + 1);
        return;
      }
      from = backslash + 2;
      if (close < from) close = text.indexOf(mark, from);
    }
    this.#finish("unterminated", text.length);
  }

  /** The next backslash at or after `from`. Most policies have none, so the last answer is kept. */
  #backslashFrom(from: number): number {
    if (this.#backslash < from || from < this.#backslashSearchedFrom) {
      const found = this.text.indexOf("\\", from);
      this.#backslash = found === -1 ? Number.POSITIVE_INFINITY : found;
      this.#backslashSearchedFrom = from;
    }
    return this.#backslash;
  }

  /** In a backtick string a backslash does not save the closing backtick. */
  #readBacktick(): void {
    const close = this.text.indexOf("`", this.start + 1);
    if (close === -1) this.#finish("unterminated", this.text.length);
    else this.#finish("string", close + 1);
  }

  #readMark(first: number): void {
    const second = this.text.charCodeAt(this.start + 1);
    const mark = punctuation[first];
    if (mark !== undefined) this.#finish(mark, this.start + 1);
    else if (first === code.equals && second === code.greater) this.#finish("=>", this.start + 2);
    else if (first === code.dash && second === code.greater) this.#finish("->", this.start + 2);
    else if (first === code.colon && second === code.colon) this.#finish("::", this.start + 2);
    else if (first === code.colon) this.#finish(":", this.start + 1);
    else if (first === code.dollar || first === code.at) this.#readVariable(second);
    else this.#finish("unknown", this.start + 1);
  }

  /** `$(name)`, `@{name}`: letters, dots, colons, indices, and variables nested in them. Anything else is no variable. */
  #readVariable(bracket: number): void {
    const close = closerOf(bracket);
    if (close === 0) {
      this.#finish("unknown", this.start + 1);
      return;
    }
    const open = [close];
    for (let at = this.start + 2; ; at++) {
      const current = this.text.charCodeAt(at);
      if (current === open.at(-1)) {
        open.pop();
        if (open.length === 0) {
          this.#finish(at > this.start + 2 ? "variable" : "unknown", at + 1);
          return;
        }
        continue;
      }
      if (isVariableNameCode(current)) continue;
      const nested = current === code.dollar ? closerOf(this.text.charCodeAt(at + 1)) : 0;
      if (nested === 0 || open.length >= nestedVariablesMax) {
        this.#finish("unknown", this.start + 1);
        return;
      }
      open.push(nested);
      at++;
    }
  }

  #skipBlanks(from: number): number {
    const text = this.text;
    let at = from;
    for (;;) {
      let current = text.charCodeAt(at);
      while (
        current === code.blank ||
        current === code.newline ||
        current === code.tab ||
        current === code.carriageReturn
      ) {
        current = text.charCodeAt(++at);
      }
      if (current === code.hash) at = this.source.lineEnd(at);
      else if (current === code.at) {
        const after = this.#macros.skip(at);
        if (after === at) return at;
        at = after;
      } else return at;
    }
  }
}

/** `$(a[$(b[...])])` deeper than this is no variable. Real policies nest two or three deep. */
const nestedVariablesMax = 16;

function closerOf(bracket: number): number {
  if (bracket === code.openParenthesis) return code.closeParenthesis;
  return bracket === code.openBrace ? code.closeBrace : 0;
}

function isVariableNameCode(current: number): boolean {
  return (
    isWordCode(current) ||
    current === code.dot ||
    current === code.colon ||
    current === code.openBracket ||
    current === code.closeBracket
  );
}
