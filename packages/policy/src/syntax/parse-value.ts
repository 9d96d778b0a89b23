/** Right sides, list elements and arguments. */
import type { Call, Identifier, ListLiteral, Name, Value, VariableReference } from "./ast.ts";
import { takeMissingOpeningQuote, takeTypographicString, takeUnquoted, takeUnquotedXml } from "./broken-value.ts";
import { blockWords, type ParseContext } from "./parse-context.ts";
import { takeString } from "./parse-string.ts";

/** Calls may nest this deep in one another. People nest four deep; the limit keeps hostile text off the call stack. */
const callDepthMax = 64;

/** Where a value stands decides which values are possible there. */
export type ValuePlace = "right-side" | "element" | "argument";

/**
 * Parses the value that starts with the current token.
 * @returns undefined where no value starts here; that is reported, and nothing is taken
 */
export function parseValue(context: ParseContext, place: ValuePlace, depth = 0): Value | undefined {
  const { lexer } = context;
  switch (lexer.kind) {
    case "string":
    case "unterminated":
      return takeString(context);
    case "word":
      return parseWord(context, depth);
    case "variable":
      return parseVariable(context, depth);
    case "{":
      if (place !== "right-side") reportMisplacedList(context, place);
      return depth >= callDepthMax ? skipTooDeep(context) : parseList(context, depth);
    case "unknown":
      return parseUnknown(context, depth);
    case "(":
      return place === "right-side" ? parseWrongList(context, ")", depth) : reportMissingValue(context);
    default:
      return reportMissingValue(context);
  }
}

function reportMissingValue(context: ParseContext): undefined {
  const message = `a value is missing before ${context.found()}; write a quoted string, a list or a name`;
  context.reportHere("POLICY_MISSING_VALUE", message);
  return undefined;
}

/** A right side that starts with a character that starts no value. */
function parseUnknown(context: ParseContext, depth: number): Value {
  const { lexer } = context;
  const first = lexer.text[lexer.start];
  if (first === "<") return takeUnquotedXml(context);
  return first === "[" && depth < callDepthMax
    ? parseWrongList(context, "]", depth)
    : takeUnquoted(context, lexer.start);
}

/** `[ ... ]` or `( ... )` where a list was meant. */
function parseWrongList(context: ParseContext, close: "]" | ")", depth: number): ListLiteral {
  const position = context.here();
  context.reportHere("POLICY_LIST_BRACKETS", "a list stands in braces", { hint: "{ ... }" });
  const elements = parseElements(context, close, "element", depth);
  return Object.freeze({ kind: "list", position, elements: Object.freeze(elements) });
}

/** Whether the current token can start a value. */
export function atValue(context: ParseContext): boolean {
  const { kind } = context.lexer;
  return kind === "string" || kind === "word" || kind === "variable" || kind === "{" || kind === "unterminated";
}

function parseWord(context: ParseContext, depth: number): Value {
  const { lexer } = context;
  const { start } = lexer;
  if (lexer.text.charCodeAt(start) > 127) {
    const typographic = takeTypographicString(context);
    if (typographic !== undefined) return typographic;
  }
  const text = lexer.tokenText();
  if (blockWords.has(text)) {
    context.reportHere(
      "POLICY_RESERVED_WORD",
      `\`${text}\` starts a block and cannot be a value; quote it if it is text`,
      { hint: `"${text}"` },
    );
  }
  const name = context.takeIdentifier();
  if (lexer.kind === "(") return parseCall(context, name, depth);
  const glued =
    lexer.start === lexer.previousEnd && (lexer.kind === "unknown" || lexer.kind === ":" || lexer.kind === "::");
  if (glued) return takeUnquoted(context, start);
  const mended = takeMissingOpeningQuote(context, start);
  if (mended !== undefined) return mended;
  const node: Name = Object.freeze({ kind: "name", position: name.position, text });
  return node;
}

function parseVariable(context: ParseContext, depth: number): Value {
  const { lexer } = context;
  const raw = lexer.tokenText();
  const name = context.takeIdentifier();
  if (lexer.kind === "(") return parseCall(context, name, depth);
  const node: VariableReference = Object.freeze({
    kind: "variable",
    position: name.position,
    sigil: raw.startsWith("@") ? "@" : "$",
    name: raw.slice(2, -1),
    raw,
  });
  return node;
}

function reportMisplacedList(context: ParseContext, place: ValuePlace): void {
  const message =
    place === "element"
      ? "a list cannot stand in a list; give each element its own string, or name a list with @(name)"
      : "a list cannot be an argument; put it into a variable and pass @(name)";
  context.reportHere("POLICY_MISPLACED_LIST", message);
}

function parseList(context: ParseContext, depth: number): ListLiteral {
  const position = context.here();
  const elements = parseElements(context, "}", "element", depth);
  return Object.freeze({ kind: "list", position, elements: Object.freeze(elements) });
}

function parseCall(context: ParseContext, name: Identifier, depth: number): Value {
  if (depth >= callDepthMax) return skipTooDeep(context);
  const args = parseElements(context, ")", "argument", depth);
  const node: Call = Object.freeze({ kind: "call", position: name.position, name, args: Object.freeze(args) });
  return node;
}

/** What ends a row of values; `]` only where a list was opened with the wrong bracket. */
type Closer = "}" | ")" | "]";

function isCloser(context: ParseContext, close: Closer): boolean {
  return close === "]" ? isBracketClose(context) : context.lexer.kind === close;
}

function isBracketClose(context: ParseContext): boolean {
  const { lexer } = context;
  return lexer.kind === "unknown" && lexer.text[lexer.start] === "]";
}

/** From the opening bracket to behind the closing one. */
function parseElements(context: ParseContext, close: Closer, place: ValuePlace, depth: number): Value[] {
  const { lexer } = context;
  const open = lexer.start;
  const values: Value[] = [];
  lexer.advance();
  /** Offset of the comma before the current token, or the opening bracket; -1 where neither stands there. */
  let comma = open;
  let valueEnd = open + 1;
  for (;;) {
    if (isCloser(context, close)) {
      if (comma > open && close === ")") reportCommaBeforeClose(context, comma);
      lexer.advance();
      return values;
    }
    if (lexer.kind === ",") {
      if (comma !== -1)
        context.reportHere("POLICY_EXTRA_COMMA", "a value is missing before this comma; remove the comma");
      comma = lexer.start;
      lexer.advance();
      continue;
    }
    if (!canGoOn(context) || isBracketClose(context)) break;
    if (comma === -1) context.reportMissing("POLICY_MISSING_COMMA", "a comma is missing here, between two values");
    const value = parseValue(context, place, depth + 1);
    if (value === undefined) break;
    values.push(value);
    valueEnd = lexer.previousEnd;
    comma = -1;
  }
  if (comma > open && lexer.kind === "word") lexer.moveTo(comma);
  lexer.previousEnd = valueEnd;
  reportUnclosed(context, open, close);
  return values;
}

/** Whether the row of elements may hold the current token: a value, but not the next attribute's name. */
function canGoOn(context: ParseContext): boolean {
  const { kind } = context.lexer;
  if (kind === "word") return !context.nextIs("=>") && !context.atBlock();
  return kind === "unknown" || atValue(context);
}

function reportCommaBeforeClose(context: ParseContext, comma: number): void {
  context.sink.report("POLICY_EXTRA_COMMA", comma, comma + 1, "arguments do not end with a comma; remove it");
}

function reportUnclosed(context: ParseContext, open: number, close: Closer): void {
  const { lexer, source } = context;
  const what = close === ")" ? "argument list" : "list";
  const related = [{ position: source.positionAt(open), message: `the ${what} opens here` }];
  if (lexer.kind === ":" && close === "}") {
    context.reportHere("POLICY_UNQUOTED_JSON", 'inline JSON stands in quotes: data => \'{ "key": "value" }\'', {
      related,
    });
    skipToClose(context, close);
    return;
  }
  const message = `this ${what} is not closed before ${context.found()}; add \`${close}\``;
  context.reportMissing("POLICY_UNCLOSED_LIST", message, { related });
  if (lexer.kind === "}" || lexer.kind === ")") if (closesOnThisLine(context)) lexer.advance();
}

/** A `)` for a `}` or the other way round is taken as the closer that was meant, unless it ends the block. */
function closesOnThisLine(context: ParseContext): boolean {
  const { lexer, source } = context;
  return source.lineStart(lexer.start) === source.lineStart(lexer.previousEnd);
}

/** Skips the rest of a bracketed text, brackets inside it included, without taking anything from it. */
function skipToClose(context: ParseContext, close: Closer): void {
  const { lexer } = context;
  const open = close === "}" ? "{" : "(";
  for (let depth = 1; lexer.kind !== "end" && !context.atBlock(); ) {
    if (lexer.kind === "unterminated") {
      context.leaveUnterminated();
      continue;
    }
    if (lexer.kind === open) depth++;
    if (lexer.kind === close) depth--;
    lexer.advance();
    if (depth === 0) return;
  }
}

function skipTooDeep(context: ParseContext): Value {
  const position = context.here();
  const close = context.lexer.kind === "{" ? "}" : ")";
  context.reportHere("POLICY_TOO_DEEP", `calls nest deeper than ${callDepthMax}; put the inner part into a variable`);
  context.lexer.advance();
  skipToClose(context, close);
  return Object.freeze({ kind: "list", position, elements: Object.freeze([]) });
}
