import { type Argument, type FunctionContext, textAt } from "./function-types.ts";
import { compilePattern, type Pattern } from "./pattern.ts";

/** Patterns as arguments: reading them, reporting what is wrong with them, and the questions asked of them most. */

/** The pattern in an argument; a broken one is reported. */
export function patternAt(args: readonly Argument[], index: number, context: FunctionContext): Pattern | undefined {
  const result = compilePattern(textAt(args, index), context.spend);
  if (result.ok) return result.pattern;
  const position = args[index]?.position;
  if (position !== undefined) {
    context.fail("POLICY_INVALID_PATTERN", `this regular expression cannot be read: ${result.error}`, position);
  }
  return undefined;
}

/** Whether the pattern in an argument matches a whole text; `undefined` where it is broken or too costly to say. */
export function matches(
  args: readonly Argument[],
  index: number,
  text: string,
  context: FunctionContext,
): boolean | undefined {
  const pattern = patternAt(args, index, context);
  if (pattern === undefined) return undefined;
  const matched = pattern.matchesWhole(text);
  return matched === "too-costly" ? tooCostly(args[index], context) : matched;
}

/** The texts that the pattern in an argument matches whole. */
export function selectMatching(
  args: readonly Argument[],
  index: number,
  texts: readonly string[],
  context: FunctionContext,
): string[] | undefined {
  const pattern = patternAt(args, index, context);
  if (pattern === undefined) return undefined;
  const selected: string[] = [];
  for (const text of texts) {
    const matched = pattern.matchesWhole(text);
    if (matched === "too-costly") return tooCostly(args[index], context);
    if (matched) selected.push(text);
  }
  return selected;
}

function tooCostly(argument: Argument | undefined, context: FunctionContext): undefined {
  if (argument === undefined) return undefined;
  const message = "this regular expression takes too long on the text it is given; nest fewer repetitions";
  context.fail("POLICY_PATTERN_TOO_COSTLY", message, argument.position);
  return undefined;
}

/** Parts between matches, at most `maximum`, the last one holding the rest; `undefined` where matching is too costly. */
export function splitByPattern(text: string, pattern: Pattern, maximum: number): string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  while (parts.length + 1 < maximum) {
    const match = pattern.find(text, from);
    if (match.kind === "too-costly") return undefined;
    if (match.kind === "no-match" || match.end === match.start) break;
    parts.push(text.slice(from, match.start));
    from = match.end;
  }
  parts.push(text.slice(from));
  return parts;
}

/** Replaces the first match, or with the option `g` all; `$1` and `\1` stand for groups. */
export function replacePattern(
  text: string,
  pattern: Pattern,
  replacement: string,
  options: string,
): string | undefined {
  let result = "";
  let from = 0;
  do {
    const match = pattern.find(text, from);
    if (match.kind === "too-costly") return undefined;
    if (match.kind === "no-match" || match.end === match.start) break;
    const filled = replacement.replace(/[$\\](\d)/g, (_, digit: string) => match.groups[Number(digit)] ?? "");
    result += text.slice(from, match.start) + filled;
    from = match.end;
  } while (options.includes("g"));
  return result + text.slice(from);
}
