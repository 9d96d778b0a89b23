/**
 * Strings, and what is done about a quote too many or too few. A lost quote turns the rest of a text inside out, so the
 * parser looks at what stands right behind a closing quote: where a word follows without a blank and the string runs over
 * several lines up to an opening place (`=>`, `,`, `{`), the quote is missing on the string's first line.
 */
import type { SourcePosition } from "@berth/model";
import type { StringLiteral } from "./ast.ts";
import type { ParseContext } from "./parse-context.ts";

/**
 * Takes the current `string` or `unterminated` token. A string that probably lacks its closing quote is reported and cut at
 * the end of its first line, so that what follows is read as policy again.
 */
export function takeString(context: ParseContext): StringLiteral {
  const { lexer } = context;
  const { start } = lexer;
  if (lexer.kind === "unterminated") {
    reportUnterminated(context, start);
    const lineEnd = context.source.lineEnd(start);
    const node = stringNode(context, start, lineEnd, lexer.text.slice(start + 1, lineEnd));
    context.leaveUnterminated();
    return node;
  }
  const { end } = lexer;
  if (looksRunaway(context, start, end)) return cutRunaway(context, start);
  const node = stringNode(context, start, end, lexer.text.slice(start + 1, end - 1));
  lexer.advance();
  return node;
}

function reportUnterminated(context: ParseContext, start: number): void {
  const quote = context.lexer.text[start] ?? "";
  const end = context.source.lineEnd(start);
  context.sink.report(
    "POLICY_UNTERMINATED_STRING",
    start,
    end,
    `this string has no closing quote; add ${quote} where it ends`,
  );
}

function looksRunaway(context: ParseContext, start: number, end: number): boolean {
  const { text } = context.lexer;
  const lineEnd = context.source.lineEnd(start);
  if (lineEnd >= end) return false;
  const behind = text[end] ?? "\n";
  if (" \t\r\n,;)}=-:#".includes(behind)) return false;
  let last = end - 2;
  while (last > lineEnd && " \t\r\n".includes(text[last] ?? "")) last--;
  if (last <= lineEnd) return false;
  return (
    "{,(".includes(text[last] ?? "") ||
    text.slice(last - 1, last + 1) === "=>" ||
    text.slice(last - 1, last + 1) === "->"
  );
}

/** Reads the string as ending with its first line, before a `,` or `;` that ends the line. */
function cutRunaway(context: ParseContext, start: number): StringLiteral {
  const { lexer, source } = context;
  reportUnterminated(context, start);
  const line = lexer.text.slice(start, source.lineEnd(start)).trimEnd();
  const kept = line.length > 1 && (line.endsWith(",") || line.endsWith(";")) ? line.length - 1 : line.length;
  const node = stringNode(context, start, start + kept, line.slice(1, kept));
  lexer.moveTo(start + kept);
  return node;
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
 * Where in the file a character of a string's text stands: for findings inside a string, such as XML.
 *
 * @param index into {@link StringLiteral.text}, 0 up to and including its length
 */
export function positionInString(literal: StringLiteral, index: number): SourcePosition {
  const { raw, position } = literal;
  let { line } = position;
  let column = position.column + 1;
  let at = 1;
  const step = (): void => {
    if (raw[at] === "\n") {
      line++;
      column = 0;
    }
    at++;
    column++;
  };
  for (let done = 0; done < index && at < raw.length; ) {
    const pair = raw[at] === "\\" ? (raw[at + 1] ?? "") : "";
    if (pair !== "" && "\"'\\\n".includes(pair)) {
      step();
      if (pair === "\n") {
        step();
        continue;
      }
    }
    step();
    done++;
  }
  return { file: position.file, line, column };
}
