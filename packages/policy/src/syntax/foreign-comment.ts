import type { ParseContext } from "./parse-context.ts";

/**
 * Goes past a comment in the manner of C, where a statement should start, and reports it.
 * @returns false where none stands here; nothing is taken then
 */
export function takeForeignComment(context: ParseContext): boolean {
  const { lexer, source, sink } = context;
  const { start, text } = lexer;
  if (lexer.kind !== "unknown" || text[start] !== "/") return false;
  const second = text[start + 1];
  if (second !== "/" && second !== "*") return false;
  sink.report("POLICY_FOREIGN_COMMENT", start, start + 2, "a comment starts with # and ends with its line", {
    hint: "#",
  });
  const close = second === "*" && context.maySearch() ? text.indexOf("*/", start + 2) : -1;
  lexer.moveTo(close === -1 ? source.lineEnd(start) : close + 2);
  return true;
}
