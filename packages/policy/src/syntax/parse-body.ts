/** The inside of a body or of a promise block: guards, and attributes that each end with a semicolon. */
import type { Attribute, Guard } from "./ast.ts";
import { reportDuplicates } from "./duplicate-attributes.ts";
import { takeForeignComment } from "./foreign-comment.ts";
import { parseAttribute } from "./parse-attribute.ts";
import type { ParseContext } from "./parse-context.ts";
import { takeGuard } from "./parse-guard.ts";
import { skipStatement } from "./recovery.ts";

/** Parses the statements of a body up to its `}`, which is left to the caller. */
export function parseBodyAttributes(context: ParseContext): readonly Attribute[] {
  const { lexer } = context;
  const attributes: Attribute[] = [];
  let guard: Guard | undefined;
  while (lexer.kind !== "}" && lexer.kind !== "end" && !context.atBlock()) {
    if (lexer.atHeading() && !context.source.headingIsAttribute(lexer.end)) {
      skipHeading(context);
      continue;
    }
    const next = lexer.kind === "word" && context.nextIs("=>") ? undefined : takeBodyGuard(context);
    if (next !== undefined) guard = next;
    else parseBodyStatement(context, attributes, guard);
  }
  reportDuplicates(context.sink, attributes, "body");
  return Object.freeze(attributes);
}

function takeBodyGuard(context: ParseContext): Guard | undefined {
  const { start } = context.lexer;
  const guard = takeGuard(context);
  if (guard?.quoted === true) {
    const message =
      "a guard inside a body cannot be quoted, so it can hold no variables; choose between two bodies instead";
    context.sink.report("POLICY_QUOTED_GUARD_IN_BODY", start, context.lexer.previousEnd, message);
  }
  return guard;
}

function skipHeading(context: ParseContext): void {
  const name = context.lexer.tokenText();
  const message = `a body holds attributes, not promises; \`${name}:\` belongs into a bundle`;
  context.reportHere("POLICY_HEADING_IN_BODY", message);
  context.lexer.advance();
  context.take(":");
}

function parseBodyStatement(context: ParseContext, attributes: Attribute[], guard: Guard | undefined): void {
  const { lexer } = context;
  if (lexer.kind === ";") {
    context.reportHere("POLICY_EXTRA_SEMICOLON", "nothing stands before this `;`; remove it");
    lexer.advance();
    return;
  }
  if (takeForeignComment(context)) return;
  if (lexer.kind !== "word") {
    context.reportHere("POLICY_UNEXPECTED", `${context.found()} starts no attribute; a body holds name => value;`);
    skipStatement(context);
    return;
  }
  const attribute = parseAttribute(context, guard);
  if (attribute === undefined) {
    skipStatement(context);
    return;
  }
  attributes.push(attribute);
  endBodyAttribute(context);
}

function endBodyAttribute(context: ParseContext): void {
  const { lexer } = context;
  if (context.take(";")) return;
  if (lexer.kind === ",") {
    context.reportHere("POLICY_COMMA_IN_BODY", "in a body every attribute ends with a semicolon; write ; here");
    lexer.advance();
    return;
  }
  const next = lexer.kind;
  const another = next === "word" && (context.nextIs("=>") || lexer.guardEnd() !== -1);
  if (next === "}" || next === "end" || another || context.atBlock()) {
    context.reportMissing("POLICY_MISSING_SEMICOLON", "an attribute in a body ends with a semicolon; add it here");
    return;
  }
  context.reportHere("POLICY_UNEXPECTED", `${context.found()} is not expected here; the attribute ends with ;`);
  skipStatement(context);
}
