/** One promise, from its promiser to its semicolon. */
import type { Attribute, Guard, PolicyPromise, StringLiteral, Value } from "./ast.ts";
import { reportDuplicates } from "./duplicate-attributes.ts";
import { takeForeignComment } from "./foreign-comment.ts";
import { parseAttribute } from "./parse-attribute.ts";
import type { ParseContext } from "./parse-context.ts";
import { parseValue } from "./parse-value.ts";
import { skipStatement } from "./recovery.ts";

/** A promise that may still get attributes: those behind a semicolon that came too early. */
export interface PromiseDraft {
  readonly guard: Guard | undefined;
  readonly promiser: StringLiteral;
  readonly promisee: Value | undefined;
  readonly attributes: Attribute[];
  /** Offset of the `;` that ended it, or -1. */
  semicolon: number;
}

/** Parses what follows a promiser. */
export function parsePromiseRest(
  context: ParseContext,
  promiser: StringLiteral,
  guard: Guard | undefined,
): PromiseDraft {
  const { lexer } = context;
  const promisee = lexer.kind === "->" ? parsePromisee(context) : undefined;
  if (lexer.kind === ",") {
    context.reportHere("POLICY_COMMA_AFTER_PROMISER", "no comma stands before the first attribute; remove it");
    lexer.advance();
  }
  const draft: PromiseDraft = { guard, promiser, promisee, attributes: [], semicolon: -1 };
  parsePromiseAttributes(context, draft);
  return draft;
}

/** The finished node. */
export function finishPromise(context: ParseContext, draft: PromiseDraft): PolicyPromise {
  const { guard, promiser, promisee, attributes } = draft;
  reportDuplicates(context.sink, attributes, "promise");
  return Object.freeze({
    kind: "promise",
    position: promiser.position,
    ...(guard === undefined ? {} : { guard }),
    promiser,
    ...(promisee === undefined ? {} : { promisee }),
    attributes: Object.freeze(attributes),
  });
}

function parsePromisee(context: ParseContext): Value | undefined {
  context.lexer.advance();
  return parseValue(context, "right-side");
}

/** From the first attribute's name to behind the `;`. */
export function parsePromiseAttributes(context: ParseContext, draft: PromiseDraft): void {
  const { lexer } = context;
  if (lexer.kind === "=>") {
    context.reportHere("POLICY_MISSING_ATTRIBUTE", "the attribute's name is missing before =>");
    skipStatement(context);
    return;
  }
  while (atAttribute(context)) {
    const attribute = parseAttribute(context, undefined);
    if (attribute !== undefined) draft.attributes.push(attribute);
    if (lexer.kind === ",") {
      if (takeComma(context, attribute?.value) === "ended") return;
    } else if (lexer.kind === "word" && context.nextIs("=>")) {
      context.reportMissing("POLICY_MISSING_COMMA", "a comma is missing here, between two attributes");
    } else break;
  }
  endPromise(context, draft);
}

/** Whether the current word names an attribute and is not the next heading, guard or block. */
function atAttribute(context: ParseContext): boolean {
  const { lexer } = context;
  if (lexer.kind !== "word" || context.atBlock()) return false;
  if (lexer.atHeading() && !context.source.headingIsAttribute(lexer.end)) return false;
  return context.nextIs("=>") || lexer.guardEnd() === -1;
}

/** Goes past a comma. `ended`: what follows is no attribute, so the promise ended here. */
function takeComma(context: ParseContext, value: Value | undefined): "goes-on" | "ended" {
  const { lexer, sink } = context;
  const comma = lexer.start;
  lexer.advance();
  while (lexer.kind === ",") {
    context.reportHere("POLICY_EXTRA_COMMA", "an attribute is missing before this comma; remove the comma");
    lexer.advance();
  }
  takeForeignComment(context);
  if (atAttribute(context)) return "goes-on";
  if (lexer.kind === ";") {
    sink.report("POLICY_TRAILING_COMMA", comma, comma + 1, "no attribute follows this comma; remove it");
    return "goes-on";
  }
  if (lexer.kind === "string" && value?.kind === "string" && !startsPromise(context)) {
    takeBareList(context, value);
    return "goes-on";
  }
  if (!atStatementEnd(context)) return "goes-on";
  const message = "no attribute follows this comma, so the promise ends here; write a semicolon instead";
  sink.report("POLICY_COMMA_FOR_SEMICOLON", comma, comma + 1, message);
  return "ended";
}

/** Whether the current string is the next promiser. */
function startsPromise(context: ParseContext): boolean {
  return context.nextIs("word") || context.nextIs("->") || context.nextIs("::");
}

/** Whether the promise cannot go on at the current token. */
function atStatementEnd(context: ParseContext): boolean {
  const { lexer } = context;
  const { kind } = lexer;
  if (kind === "}" || kind === "end" || kind === "string") return true;
  return lexer.atHeading() || context.atBlock() || (kind !== "unknown" && lexer.guardEnd() !== -1);
}

/** `slist => "a", "b"`: the values behind the first comma, without braces around all of them. */
function takeBareList(context: ParseContext, first: StringLiteral): void {
  const { lexer, sink } = context;
  const { line, column } = first.position;
  const message = "several values stand in braces, divided by commas";
  const oneLine = first.raw.length <= shownMax && context.here().line === line;
  const hint = `{ ${first.raw}, ${lexer.tokenText()}${context.nextIs(",") ? ", ..." : ""} }`;
  const details = oneLine && hint.length <= shownMax ? { hint } : {};
  sink.reportAt("POLICY_LIST_WITHOUT_BRACES", { ...first.position, line, column }, first.raw.length, message, details);
  while (lexer.kind === "string") {
    lexer.advance();
    context.take(",");
  }
}

/** Values longer than this are not repeated in a hint. */
const shownMax = 60;

function endPromise(context: ParseContext, draft: PromiseDraft): void {
  const { lexer } = context;
  if (lexer.kind === ";") {
    draft.semicolon = lexer.start;
    lexer.advance();
    return;
  }
  if (atStatementEnd(context)) {
    context.reportMissing("POLICY_MISSING_SEMICOLON", "a promise ends with a semicolon; add it here");
    return;
  }
  const message =
    lexer.kind === "=>"
      ? "the attribute's name is missing before =>"
      : `${context.found()} is not expected here; a promise goes on with a comma and an attribute, or ends with a semicolon`;
  context.reportHere("POLICY_UNEXPECTED", message);
  skipStatement(context);
}
