/** One `name => value`, in a promise or in a body, and what goes wrong around the arrow and behind the value. */
import type { Attribute, Guard, Identifier, StringLiteral, Value } from "./ast.ts";
import { blockWords, type ParseContext } from "./parse-context.ts";
import { stringNode } from "./parse-string.ts";
import { atValue, parseValue } from "./parse-value.ts";
import { closingQuote } from "./text-search.ts";

/**
 * Parses the attribute whose name is the current word.
 * @param guard the guard above it, in a body
 * @returns undefined where the value could not be read; that is reported
 */
export function parseAttribute(context: ParseContext, guard: Guard | undefined): Attribute | undefined {
  const { lexer } = context;
  if (blockWords.has(lexer.tokenText())) {
    context.reportHere("POLICY_RESERVED_WORD", `\`${lexer.tokenText()}\` starts a block and names no attribute`);
  }
  const name = takeName(context);
  if (!takeArrow(context, name.text)) return undefined;
  const start = lexer.start;
  const value = parseValue(context, "right-side");
  if (value === undefined) return undefined;
  const mended = value.kind === "string" ? mendString(context, name.text, value, start) : value;
  return freezeAttribute({ kind: "attribute", position: name.position, name, value: mended }, guard);
}

/** The attribute's name; `environment-type` is reported and taken as `environment_type`. */
function takeName(context: ParseContext): Identifier {
  const { lexer, sink } = context;
  const { start } = lexer;
  if (lexer.text[lexer.end] !== "-") return context.takeIdentifier();
  const hyphened = hyphenedPattern.exec(lexer.text.slice(start, start + nameLengthMax))?.[1];
  if (hyphened === undefined) return context.takeIdentifier();
  const position = context.here();
  const text = hyphened.replaceAll("-", "_");
  const end = start + hyphened.length;
  sink.report("POLICY_BAD_ATTRIBUTE_NAME", start, end, "an attribute's name is letters, digits and _", { hint: text });
  lexer.moveTo(end);
  return Object.freeze({ kind: "identifier", position, text });
}

const hyphenedPattern = /^(\w+(?:-\w+)+)[ \t]*=>/;

/** Longer words are no attributes. */
const nameLengthMax = 80;

function freezeAttribute(attribute: Attribute, guard: Guard | undefined): Attribute {
  return Object.freeze(guard === undefined ? attribute : { ...attribute, guard });
}

/** Goes past the `=>`, or past what stands in its place. False where no value follows either. */
function takeArrow(context: ParseContext, name: string): boolean {
  const { lexer, sink } = context;
  if (context.take("=>")) return true;
  const message = `an attribute and its value are joined by =>: ${name} => "..."`;
  const wrong = lexer.start;
  const isEquals = lexer.kind === "unknown" && lexer.text[wrong] === "=";
  if (isEquals || lexer.kind === "->" || lexer.kind === ":") {
    lexer.advance();
    const greater =
      isEquals && lexer.kind === "unknown" && (lexer.text[lexer.start] === ">" || lexer.text[lexer.start] === "=");
    const end = greater ? lexer.end : lexer.previousEnd;
    if (greater) lexer.advance();
    sink.report("POLICY_EXPECTED_ARROW", wrong, end, message);
    return true;
  }
  if (atValue(context) && !(lexer.kind === "word" && context.nextIs("=>"))) {
    context.reportMissing("POLICY_EXPECTED_ARROW", message);
    return true;
  }
  context.reportMissing("POLICY_MISSING_VALUE", `the attribute \`${name}\` has no value; write ${name} => "..."`);
  return false;
}

/** Looks at what stands right behind a string that should be a whole value. */
function mendString(context: ParseContext, name: string, value: StringLiteral, start: number): Value {
  const { lexer } = context;
  const glued = lexer.start === lexer.previousEnd;
  switch (lexer.kind) {
    case "unknown":
      if (isJoinMark(context)) return takeJoined(context, value);
      if (value.text.trim() === "") return takeTextAfterStray(context, name, value, start);
      return glued || lexer.text[lexer.start] === "<" ? takeTextBehind(context, value, start) : value;
    case "word":
    case "variable":
      return glued ? takeTextBehind(context, value, start) : value;
    case "string":
      return isNextPromiser(context) ? value : takeAdjacent(context, name, value, start);
    default:
      return value;
  }
}

/** Whether the current character joins strings in other languages: `+`, `.`, `~`. */
function isJoinMark(context: ParseContext): boolean {
  return "+.~".includes(context.lexer.text[context.lexer.start] ?? " ");
}

/** `"a" + "b"`: reported once, and read past. */
function takeJoined(context: ParseContext, first: StringLiteral): StringLiteral {
  const { lexer } = context;
  const mark = lexer.tokenText();
  context.reportHere("POLICY_ADJACENT_STRINGS", `strings are not joined by ${mark}; write one string, or concat(...)`, {
    hint: "concat(...)",
  });
  while (lexer.kind === "unknown" && isJoinMark(context)) {
    lexer.advance();
    if (atValue(context)) parseValue(context, "right-side");
  }
  return first;
}

/** Whether the current string begins a promise of its own: the value before it lacks its semicolon. */
function isNextPromiser(context: ParseContext): boolean {
  const { lexer, source } = context;
  const sameLine = source.lineStart(lexer.start) === source.lineStart(lexer.previousEnd);
  if (context.nextIs("word") || context.nextIs("->") || context.nextIs("::")) return true;
  return !sameLine && context.nextIs(";");
}

/** `attribute => " " <text> "`: an empty string, then the text that was meant, up to the next such quote. */
function takeTextAfterStray(context: ParseContext, name: string, stray: StringLiteral, start: number): Value {
  const { lexer, sink } = context;
  const message = `the value of ${name} ends here: ${stray.raw} is a whole string, and the text after it stands outside the quotes; remove this ${stray.raw} and open the quote right before the text`;
  sink.report("POLICY_STRAY_STRING", start, lexer.previousEnd, message);
  const from = lexer.start;
  const close = context.maySearch() ? lexer.text.indexOf(stray.raw[0] ?? '"', from) : -1;
  if (close === -1) return stray;
  lexer.moveTo(close + 1);
  return stringNode(context, from, close + 1, lexer.text.slice(from, close));
}

/** `"... "inner" ..."`: a quote inside the text ended the string. Goes on behind the quote that ends the statement. */
function takeTextBehind(context: ParseContext, value: StringLiteral, start: number): Value {
  const { lexer, sink } = context;
  const quote = value.raw[0] ?? '"';
  const message = `the string ends at this quote, and text follows; write \\${quote} for a quote inside the text, or quote the whole with ${quote === '"' ? "'" : '"'}`;
  sink.report("POLICY_TEXT_AFTER_STRING", lexer.previousEnd - 1, lexer.previousEnd, message, { hint: `\\${quote}` });
  const close = context.maySearch() ? closingQuote(lexer.text, quote, lexer.start) : -1;
  if (close === -1) return value;
  lexer.moveTo(close + 1);
  return stringNode(context, start, close + 1, lexer.text.slice(start + 1, close));
}

/** `attribute => "a" "b"`: CFEngine does not join strings. The last one counts, as the value that was meant. */
function takeAdjacent(context: ParseContext, name: string, first: StringLiteral, start: number): Value {
  const { lexer, sink } = context;
  const stray = first.text.trim() === "";
  const firstEnd = lexer.previousEnd;
  if (stray) {
    const message = `the value of ${name} ends here: ${first.raw} is a whole string, and another follows; remove this ${first.raw}`;
    sink.report("POLICY_STRAY_STRING", start, firstEnd, message);
  } else {
    const message = "strings that stand side by side are not joined; write one string, or concat(...)";
    context.reportHere("POLICY_ADJACENT_STRINGS", message, { hint: "concat(...)" });
  }
  let last: Value = first;
  while (lexer.kind === "string") last = parseValue(context, "right-side") ?? last;
  return stray ? last : first;
}
