import type { SourcePosition } from "@berth/model";
import type { Identifier } from "./ast.ts";
import { DiagnosticSink, type FindingDetails } from "./diagnostic-sink.ts";
import { Lexer, type TokenKind } from "./lexer.ts";
import { SourceText } from "./source-text.ts";

/** Words that start a block and can name nothing. */
export const blockWords: ReadonlySet<string> = new Set(["bundle", "body", "promise"]);

/** Letters that {@link blockWords} start with: nearly every word is told apart by its first letter. */
const blockFirst = { b: 98, p: 112 } as const;

/**
 * How often one text may be read on after a string that never ends. Each time costs a scan to the end of the text; a policy
 * with more than a few such strings is no policy.
 */
const unterminatedMax = 8;

/** How often one text may be searched ahead for the quote that a broken string was meant to end with. Same reason. */
const searchesMax = 32;

/** What all parts of the parser share: the lexer, the place for findings, and the state that outlives one block. */
export class ParseContext {
  readonly source: SourceText;
  readonly sink: DiagnosticSink;
  readonly lexer: Lexer;
  /** Set by `body file control { namespace => "..."; }` for the blocks below it. */
  namespace = "default";
  #unterminatedLeft = unterminatedMax;
  #searchesLeft = searchesMax;

  constructor(text: string, file: string) {
    this.source = new SourceText(text, file);
    this.sink = new DiagnosticSink(this.source);
    this.lexer = new Lexer(this.source, this.sink);
  }

  /** The position of the current token. */
  here(): SourcePosition {
    return this.source.positionAt(this.lexer.start);
  }

  /** Reports the current token. */
  reportHere(code: string, message: string, details?: FindingDetails): void {
    this.sink.report(code, this.lexer.start, this.lexer.end, message, details);
  }

  /** Reports that something is missing right behind the token before the current one. */
  reportMissing(code: string, message: string, details?: FindingDetails): void {
    const at = this.lexer.previousEnd;
    this.sink.report(code, at, at + 1, message, details);
  }

  /** Whether the current token is of this kind; if so, goes past it. */
  take(kind: TokenKind): boolean {
    if (this.lexer.kind !== kind) return false;
    this.lexer.advance();
    return true;
  }

  /** The current word as a node; goes past it. */
  takeIdentifier(): Identifier {
    const node: Identifier = Object.freeze({ kind: "identifier", position: this.here(), text: this.lexer.tokenText() });
    this.lexer.advance();
    return node;
  }

  /** Whether the token after the current one is of this kind. */
  nextIs(kind: "word" | "=>" | "->" | "::" | ";" | ","): boolean {
    const { lexer } = this;
    const next = lexer.peek();
    if (next !== undefined) return next === kind;
    const from = lexer.start;
    const before = lexer.previousEnd;
    lexer.advance();
    const found = lexer.kind === kind;
    lexer.moveTo(from);
    lexer.previousEnd = before;
    return found;
  }

  /** Whether the current token is a block's first word: `bundle`, `body` or `promise`, then two words. */
  atBlock(): boolean {
    const { lexer } = this;
    if (lexer.kind !== "word") return false;
    const first = lexer.text.charCodeAt(lexer.start);
    if (first !== blockFirst.b && first !== blockFirst.p) return false;
    return blockWords.has(lexer.tokenText()) && this.source.twoWordsFollow(lexer.end);
  }

  /** The current token as a message shows it, cut to one short line. */
  found(): string {
    const { lexer } = this;
    if (lexer.kind === "end") return "the end of the file";
    const text = lexer.text.slice(lexer.start, Math.min(lexer.end, this.source.lineEnd(lexer.start), lexer.start + 40));
    return `\`${text}${lexer.end > lexer.start + text.length ? "..." : ""}\``;
  }

  /**
   * Goes past a string that never ends, to the end of the line it starts on or to `offset`. After a few such strings goes to
   * the end of the text instead: see {@link unterminatedMax}.
   */
  leaveUnterminated(offset = this.source.lineEnd(this.lexer.start)): void {
    this.#unterminatedLeft--;
    this.lexer.moveTo(this.#unterminatedLeft < 0 ? this.lexer.text.length : offset);
  }

  /** Whether one more search through the rest of the text may be made: see {@link searchesMax}. */
  maySearch(): boolean {
    return this.#searchesLeft-- > 0;
  }
}
