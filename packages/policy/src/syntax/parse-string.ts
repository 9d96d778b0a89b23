/**
 * Strings, and what is done about a quote too many or too few. A lost quote turns the rest of a text inside out, so the
 * parser looks at what stands right behind a closing quote: where a word follows without a blank and the string runs over
 * several lines up to an opening place (`=>`, `,`, `{`), the quote is missing on the string's first line.
 */
import type { SourcePosition } from "@berth/model";
import type { StringLiteral } from "./ast.ts";
import { isBlankCode } from "./character-class.ts";
import type { ParseContext } from "./parse-context.ts";
import { closingAngle } from "./text-search.ts";

/**
 * Takes the current `string` or `unterminated` token. A string that probably lacks its closing quote is reported and cut at
 * the end of its first line, so that what follows is read as policy again.
 */
export function takeString(context: ParseContext): StringLiteral {
  const { lexer } = context;
  const { start, end } = lexer;
  if (lexer.kind === "unterminated" || looksRunaway(context, start, end)) return cutString(context, start);
  const node = stringNode(context, start, end, lexer.text.slice(start + 1, end - 1));
  lexer.advance();
  return node;
}

/** Whether the string that ends before `end` ends at a quote that was meant to open the next one. */
function looksRunaway(context: ParseContext, start: number, end: number): boolean {
  const { text } = context.lexer;
  const behind = text[end] ?? "\n";
  if (" \t\r\n,;)}=-:#".includes(behind)) return false;
  let last = end - 2;
  while (last > start && " \t\r\n".includes(text[last] ?? "")) last--;
  const before = text.slice(last - 1, last + 1);
  if (before === "=>") return true;
  return context.source.lineEnd(start) < end && (before === "->" || "{,(;:".includes(text[last] ?? '"'));
}

/**
 * Reads the string as ending on its first line: before an attribute that it has swallowed, or before a `,` or `;` at the
 * line's end.
 */
function cutString(context: ParseContext, start: number): StringLiteral {
  const { lexer, source } = context;
  const { text } = lexer;
  const lineEnd = source.lineEnd(start);
  const xmlEnd = endOfXml(context, start);
  if (xmlEnd !== -1) return cutXml(context, start, xmlEnd);
  const wasUnterminated = lexer.kind === "unterminated";
  const line = text.slice(start, wasUnterminated ? lineEnd : Math.min(lineEnd, lexer.end - 1)).trimEnd();
  const length = cutLength(line.slice(0, lineLengthMax), line.length);
  const quote = text[start] ?? "";
  const message = `this string has no closing quote; add ${quote} where it ends`;
  context.sink.report("POLICY_UNTERMINATED_STRING", start, start + length, message);
  const node = stringNode(context, start, start + length, text.slice(start + 1, start + length));
  if (wasUnterminated) context.leaveUnterminated(start + length);
  else lexer.moveTo(start + length);
  return node;
}

/** Behind the last `>` of XML that an unclosed string holds, or -1 where it holds none. */
function endOfXml(context: ParseContext, start: number): number {
  const { text } = context.lexer;
  let first = start + 1;
  while (isBlankCode(text.charCodeAt(first))) first++;
  if (text[first] !== "<" || !context.maySearch()) return -1;
  const close = closingAngle(text, first);
  return close === -1 ? -1 : close + 1;
}

function cutXml(context: ParseContext, start: number, end: number): StringLiteral {
  const { lexer, source, sink } = context;
  const quote = lexer.text[start] ?? "";
  const related = [{ position: source.positionAt(end), message: `${quote} is probably missing here` }];
  const message = `this string has no closing quote; add ${quote} where it ends`;
  sink.report("POLICY_UNTERMINATED_STRING", start, source.lineEnd(start), message, { related });
  lexer.moveTo(end);
  return stringNode(context, start, end, lexer.text.slice(start + 1, end));
}

/** A line is searched for a swallowed attribute this far. */
const lineLengthMax = 1024;

/** How many characters of the line are the string, its opening quote included. */
function cutLength(line: string, lineLength: number): number {
  const attribute = /[ \t]+[a-z_]+[ \t]*=>/.exec(line);
  if (attribute !== null) return Math.max(1, attribute.index);
  const mark = line.at(-1);
  return lineLength > 1 && line.length === lineLength && (mark === "," || mark === ";") ? lineLength - 1 : lineLength;
}

/** The node for a string whose text between the quotes is known. */
export function stringNode(context: ParseContext, start: number, end: number, inner: string): StringLiteral {
  return Object.freeze({
    kind: "string",
    position: context.source.positionAt(start),
    text: removeEscapes(inner),
    raw: context.lexer.text.slice(start, end),
  });
}

/** `\"`, `\'` and `\\` lose their backslash, backslash-newline vanishes, any other pair stays: `\n` is two characters. */
function removeEscapes(inner: string): string {
  return inner.includes("\\")
    ? inner.replaceAll(/\\(["'\\\n])/g, (_, after: string) => (after === "\n" ? "" : after))
    : inner;
}

/**
 * Where in the file a character of a string's text stands: for findings inside a string, such as XML. An escaped character
 * stands at its backslash.
 *
 * @param index into {@link StringLiteral.text}, 0 up to and including its length
 */
export function positionInString(literal: StringLiteral, index: number): SourcePosition {
  const { raw } = literal;
  let at = pastJoinedLines(raw, 1);
  for (let done = 0; done < index && at < raw.length; done++) {
    const escaped = raw[at] === "\\" && "\"'\\".includes(raw[at + 1] ?? "x");
    at = pastJoinedLines(raw, at + (escaped ? 2 : 1));
  }
  return positionInRaw(literal, Math.min(at, raw.length));
}

/** A backslash at a line's end joins it with the next: neither is part of the text. */
function pastJoinedLines(raw: string, from: number): number {
  let at = from;
  while (raw[at] === "\\" && raw[at + 1] === "\n") at += 2;
  return at;
}

function positionInRaw({ raw, position }: StringLiteral, at: number): SourcePosition {
  const before = raw.slice(0, at);
  const newline = before.lastIndexOf("\n");
  if (newline === -1) return { ...position, column: position.column + at };
  return { file: position.file, line: position.line + before.split("\n").length - 1, column: at - newline };
}
