import type { SourcePosition } from "@berth/model";
import { isBlankCode, isWordCode } from "./character-class.ts";

/** A policy text that can say on which line and column an offset stands. Line starts are found once, in one sweep. */
export class SourceText {
  readonly text: string;
  readonly file: string;
  readonly #lineStarts: number[] = [0];
  /** The line that the last question fell on: questions come nearly in order. */
  #lineIndex = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    const starts = this.#lineStarts;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  }

  /** @param offset UTF-16 code units from the start, 0 up to and including the text's length */
  positionAt(offset: number): SourcePosition {
    const index = this.#lineIndexOf(offset);
    return Object.freeze({ file: this.file, line: index + 1, column: offset - (this.#lineStarts[index] ?? 0) + 1 });
  }

  /** The offset of a position in this text. */
  offsetOf(position: SourcePosition): number {
    return (this.#lineStarts[position.line - 1] ?? 0) + position.column - 1;
  }

  /** The offset of the line end (of its `\n`, or the text's end) at or after `offset`. */
  lineEnd(offset: number): number {
    const next = this.#lineStarts[this.#lineIndexOf(offset) + 1];
    return next === undefined ? this.text.length : next - 1;
  }

  /** The offset at which the line of `offset` begins. */
  lineStart(offset: number): number {
    return this.#lineStarts[this.#lineIndexOf(offset)] ?? 0;
  }

  /** Whether `word word` follows `offset`, blanks between: the rest of a block's heading. */
  twoWordsFollow(offset: number): boolean {
    const second = this.#pastBlanks(offset);
    if (second === offset || !isWordCode(this.text.charCodeAt(second))) return false;
    const gap = this.#pastWord(second);
    const third = this.#pastBlanks(gap);
    return third > gap && isWordCode(this.text.charCodeAt(third));
  }

  /**
   * Whether the colon at `offset`, right behind a word, was meant as `=>`: a value and then a comma or semicolon follow on
   * the same line, as in `comment: "text",`. A heading is followed by a line end, a guard or a promiser.
   */
  headingIsAttribute(offset: number): boolean {
    const rest = this.text.slice(offset, Math.min(this.lineEnd(offset), offset + 512));
    return /^:[ \t]*("[^"]*"|'[^']*'|\w+)[ \t]*,/.test(rest);
  }

  #pastBlanks(offset: number): number {
    let at = offset;
    while (isBlankCode(this.text.charCodeAt(at))) at++;
    return at;
  }

  #pastWord(offset: number): number {
    let at = offset;
    while (isWordCode(this.text.charCodeAt(at))) at++;
    return at;
  }

  #lineIndexOf(offset: number): number {
    const starts = this.#lineStarts;
    const guess = this.#lineIndex;
    if ((starts[guess] ?? 0) <= offset) {
      for (let index = guess; index < guess + 4; index++) {
        const next = starts[index + 1];
        if (next === undefined || offset < next) {
          this.#lineIndex = index;
          return index;
        }
      }
    }
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    this.#lineIndex = low;
    return low;
  }
}
