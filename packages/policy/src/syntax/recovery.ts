import type { ParseContext } from "./parse-context.ts";

/**
 * Goes on to the place where the next statement can start: behind a `;`, or before the block's `}`, before the next block,
 * or before a heading or a guard that begins its line. Takes at least one token unless it stands at such an end already.
 */
export function skipStatement(context: ParseContext): void {
  const { lexer } = context;
  const from = lexer.start;
  for (let depth = 0; lexer.kind !== "end" && !context.atBlock(); ) {
    if (lexer.kind === "unterminated") {
      context.leaveUnterminated();
      continue;
    }
    if (lexer.kind === ";") {
      lexer.advance();
      return;
    }
    if (lexer.kind === "{") depth++;
    if (lexer.kind === "}" && depth-- === 0) return;
    if (lexer.start > from && startsLine(context) && (lexer.atHeading() || lexer.guardEnd() !== -1)) return;
    lexer.advance();
  }
}

/** Goes on to the next block or the end of the text. */
export function skipToBlock(context: ParseContext): void {
  const { lexer } = context;
  while (lexer.kind !== "end" && !context.atBlock()) {
    if (lexer.kind === "unterminated") context.leaveUnterminated();
    else lexer.advance();
  }
}

function startsLine(context: ParseContext): boolean {
  const { lexer, source } = context;
  return source.lineStart(lexer.start) > lexer.previousEnd - 1;
}
