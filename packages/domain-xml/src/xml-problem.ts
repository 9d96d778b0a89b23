/** What can be wrong with an XML text, and where. */

/** The first mistake in an XML text. */
export interface XmlProblem {
  readonly code: XmlProblemCode;
  /** One sentence. */
  readonly message: string;
  /** Where, in UTF-16 code units from the start. */
  readonly offset: number;
  /** Line, counted from 1. */
  readonly line: number;
  /** Column in UTF-16 code units, counted from 1. */
  readonly column: number;
}

/**
 * Stable codes. `XML_MALFORMED` is everything that is not well-formed and has no code of its own; `XML_DOCUMENT_TYPE` is
 * a DOCTYPE or another declaration, which libvirt's XML never needs.
 */
export type XmlProblemCode =
  | "XML_EMPTY"
  | "XML_TOO_LARGE"
  | "XML_TOO_DEEP"
  | "XML_MALFORMED"
  | "XML_BAD_ENTITY"
  | "XML_DOCUMENT_TYPE"
  | "XML_SECOND_ROOT";

/** Ends the reading of a text at its first mistake. It never leaves the reader. */
export class XmlMistake {
  readonly code: XmlProblemCode;
  readonly message: string;
  readonly offset: number;

  constructor(code: XmlProblemCode, message: string, offset: number) {
    this.code = code;
    this.message = message;
    this.offset = offset;
  }
}

/** Line and column of an offset, both counted from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** The offset of a line and column, both counted from 1. */
export function offsetOf(text: string, line: number, column: number): number {
  let offset = 0;
  for (let at = 1; at < line; at += 1) offset = text.indexOf("\n", offset) + 1;
  return offset + column - 1;
}
