/** Guards: the `linux.debian::` and `"$(list)"::` that stand above promises and above attributes in bodies. */
import { classExpressionDiagnostic, parseClassExpression } from "../class-expression/parse-class-expression.ts";
import type { Guard } from "./ast.ts";
import type { ParseContext } from "./parse-context.ts";
import { takeString } from "./parse-string.ts";

/**
 * Takes the guard that starts with the current token.
 * @returns undefined where none starts here; nothing is taken then
 */
export function takeGuard(context: ParseContext): Guard | undefined {
  const { lexer } = context;
  if (lexer.kind === "string")
    return lexer.atQuotedGuard() || context.nextIs("::") ? takeQuotedGuard(context) : undefined;
  if (lexer.kind !== "word" && lexer.kind !== "unknown" && lexer.kind !== "(" && lexer.kind !== "variable")
    return undefined;
  const end = lexer.kind === "variable" ? -1 : lexer.guardEnd();
  if (end !== -1) return takePlainGuard(context, end);
  const junkEnd = junkGuardEnd(context);
  return junkEnd === -1 ? undefined : takeJunkGuard(context, junkEnd);
}

function takePlainGuard(context: ParseContext, end: number): Guard {
  const { lexer } = context;
  const { start } = lexer;
  const position = context.here();
  const text = lexer.text.slice(start, end - 2).trimEnd();
  checkExpression(context, text, start);
  lexer.moveTo(end);
  return Object.freeze({ kind: "guard", position, text, quoted: false });
}

function takeQuotedGuard(context: ParseContext): Guard {
  const { lexer } = context;
  const position = context.here();
  const { start } = lexer;
  const literal = takeString(context);
  if (literal.raw.startsWith("`")) {
    context.sink.report(
      "POLICY_BACKTICK_GUARD",
      start,
      lexer.previousEnd,
      "a guard is quoted with \" or ', not with backticks",
    );
  } else if (lexer.start > lexer.previousEnd) {
    context.reportMissing("POLICY_BLANK_BEFORE_GUARD_MARK", "the :: stands right behind the quote; remove the blank");
  }
  context.take("::");
  if (!holdsVariable(literal.text)) checkExpression(context, literal.text, start + 1);
  return Object.freeze({ kind: "guard", position, text: literal.text, quoted: true });
}

function holdsVariable(text: string): boolean {
  return /[$@][({]/.test(text);
}

function checkExpression(context: ParseContext, text: string, start: number): void {
  const result = parseClassExpression(text);
  if (result.ok) return;
  const diagnostic = classExpressionDiagnostic(result.error, context.here());
  const at = start + result.error.index;
  context.sink.report(diagnostic.code, at, at + result.error.length, diagnostic.message, {
    ...(diagnostic.hint === undefined ? {} : { hint: diagnostic.hint }),
  });
}

/** The offset behind a `::` on this line, where what stands before it was meant as a guard (`a-b::`, `$(x)::`), or -1. */
function junkGuardEnd(context: ParseContext): number {
  const { lexer } = context;
  const { text } = lexer;
  let braces = 0;
  for (let at = lexer.start; at < text.length; at++) {
    const current = text[at] ?? "";
    if ("\n\"'`;#=".includes(current)) return -1;
    if (current === "{" && text[at - 1] !== "$" && text[at - 1] !== "@") return -1;
    if (current === "{") braces++;
    if (current === "}" && braces-- === 0) return -1;
    if (current === ":" && text[at + 1] === ":" && at > lexer.start) return at + 2;
  }
  return -1;
}

function takeJunkGuard(context: ParseContext, end: number): Guard {
  const { lexer, sink } = context;
  const { start } = lexer;
  const position = context.here();
  const text = lexer.text.slice(start, end - 2).trimEnd();
  if (holdsVariable(text)) {
    sink.report("POLICY_UNQUOTED_GUARD", start, end, "a guard that holds variables stands in quotes", {
      hint: `"${text}"::`,
    });
  } else {
    checkExpression(context, text, start);
  }
  lexer.moveTo(end);
  return Object.freeze({ kind: "guard", position, text, quoted: false });
}
