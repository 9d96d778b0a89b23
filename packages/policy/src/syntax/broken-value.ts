/**
 * Right sides whose quotes are missing. Each is reported once and taken as the string that was meant, so that the rest of
 * the promise is still read.
 */
import type { StringLiteral } from "./ast.ts";
import type { ParseContext } from "./parse-context.ts";
import { stringNode } from "./parse-string.ts";
import { closingAngle } from "./text-search.ts";

/** `kvm",`: from `start` up to the current quote, behind which the value ends. Undefined where that is not the case. */
export function takeMissingOpeningQuote(context: ParseContext, start: number): StringLiteral | undefined {
  const { lexer, sink, source } = context;
  const quote = lexer.start;
  if (lexer.kind !== "string" && lexer.kind !== "unterminated") return undefined;
  if (quote !== lexer.previousEnd || !isValueEnd(lexer.text, quote + 1, source.lineEnd(quote))) return undefined;
  const mark = lexer.text[quote] ?? "";
  const text = lexer.text.slice(start, quote);
  const message = `this string has no opening quote; add ${mark} before it`;
  sink.report("POLICY_MISSING_OPENING_QUOTE", start, quote + 1, message, { hint: mark + text + mark });
  lexer.moveTo(quote + 1);
  return stringNode(context, start, quote + 1, text);
}

/** Whether only blanks stand between `at` and a mark that ends a value, or the line's end. */
function isValueEnd(text: string, at: number, lineEnd: number): boolean {
  let next = at;
  while (next < lineEnd && " \t\r".includes(text[next] ?? "")) next++;
  return next >= lineEnd || ",;)}".includes(text[next] ?? "");
}

/**
 * Unquoted text such as `4.5`, `-1`, `/srv/x.xml`, `kvm-01`, `$(x y)`.
 * @param start where it starts; the current token is its first or its second one
 */
export function takeUnquoted(context: ParseContext, start: number): StringLiteral {
  const { lexer, sink } = context;
  const { text } = lexer;
  const isVariable = "$@".includes(text[start] ?? "x") && "({".includes(text[start + 1] ?? "x");
  const stops = isVariable ? "\t\r\n,;\"'`#=" : " \t\r\n,;{}()\"'`#=";
  let end = start + 1;
  while (end < text.length && !stops.includes(text[end] ?? "")) end++;
  const written = text.slice(start, end).trimEnd();
  lexer.moveTo(start + written.length);
  const mended = isVariable ? undefined : takeMissingOpeningQuote(context, start);
  if (mended !== undefined) return mended;
  const message = isVariable
    ? "this is no variable: it lacks its closing bracket, or holds a character that a name cannot hold"
    : "only a name or a whole number may stand without quotes; quote this value";
  sink.report(
    "POLICY_UNQUOTED_VALUE",
    start,
    start + written.length,
    message,
    isVariable ? {} : { hint: `"${written}"` },
  );
  return stringNode(context, start, start + written.length, written);
}

/** XML without quotes around it: up to the `>` that ends the statement. */
export function takeUnquotedXml(context: ParseContext): StringLiteral {
  const { lexer, sink, source } = context;
  const { start } = lexer;
  const message =
    "XML is text and stands in quotes: put one before it and one behind it, of a kind that the XML does not hold";
  sink.report("POLICY_XML_WITHOUT_QUOTES", start, source.lineEnd(start), message);
  const close = context.maySearch() ? closingAngle(lexer.text, start) : -1;
  const end = close === -1 ? source.lineEnd(start) : close + 1;
  lexer.moveTo(end);
  return stringNode(context, start, end, lexer.text.slice(start, end));
}

const typographicQuotes = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb";

/** A string in the curly quotes that word processors write; undefined where the current word starts with none. */
export function takeTypographicString(context: ParseContext): StringLiteral | undefined {
  const { lexer, sink, source } = context;
  const { start, text } = lexer;
  if (lexer.kind !== "word" || !typographicQuotes.includes(text[start] ?? "")) return undefined;
  const lineEnd = source.lineEnd(start);
  let close = start + 1;
  while (close < lineEnd && !typographicQuotes.includes(text[close] ?? "")) close++;
  if (close >= lineEnd) return undefined;
  const inner = text.slice(start + 1, close);
  sink.report("POLICY_TYPOGRAPHIC_QUOTES", start, close + 1, "these are typographic quotes; write plain ones", {
    hint: `"${inner}"`,
  });
  lexer.moveTo(close + 1);
  return stringNode(context, start, close + 1, inner);
}

/** A promiser without quotes, before an attribute, an arrow or a semicolon. */
const promiserPattern = /^[^\s"'`;,{}=#]+(?=\s*(?:;|->|[a-z_]+\s*=>))/;

/** Longer words are not looked at. */
const promiserLengthMax = 256;

/** Takes the current word as the promiser that lost its quotes; undefined where it does not look like one. */
export function takeUnquotedPromiser(context: ParseContext): StringLiteral | undefined {
  const { lexer, sink } = context;
  const { start } = lexer;
  const typographic = takeTypographicString(context);
  if (typographic !== undefined) return typographic;
  const written = promiserPattern.exec(lexer.text.slice(start, start + promiserLengthMax))?.[0];
  if (written === undefined) return undefined;
  const end = start + written.length;
  sink.report("POLICY_UNQUOTED_PROMISER", start, end, "a promiser stands in quotes", { hint: `"${written}"` });
  lexer.moveTo(end);
  return stringNode(context, start, end, written);
}
