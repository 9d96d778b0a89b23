/**
 * A diagnostic as a person reads it in a terminal: where, what, the source line with a caret under the place, and what to
 * write instead. Pure text, no colour: whoever prints it may add that.
 *
 *     guests.cf:7:41: error: the promise ends at this semicolon, ... [POLICY_PROMISE_ENDED]
 *       7 | environment_host => "myphysicalcomputer";
 *         |                                         ^
 *         = did you mean `,`?
 */
import { type Diagnostic, formatPosition, type SourcePosition } from "@berth/model";

/** Widest piece of a source line that is shown, in UTF-16 code units: a terminal's width, less the gutter. */
const widthMax = 110;

/**
 * @param source the text of the file that the diagnostic points into; without it only the message is rendered
 * @returns one or more lines without a newline at the end
 */
export function renderDiagnostic(diagnostic: Diagnostic, source?: string): string {
  const { position, severity, message, code, hint } = diagnostic;
  const lines = [`${formatPosition(position)}: ${severity}: ${message} [${code}]`];
  const gutter = " ".repeat(String(position.line).length);
  if (source !== undefined) lines.push(...renderSourceLine(position, diagnostic.length ?? 1, source));
  if (hint !== undefined) lines.push(`  ${gutter} = did you mean \`${hint}\`?`);
  for (const related of diagnostic.related ?? []) {
    lines.push(`  ${gutter} = ${formatPosition(related.position)}: ${related.message}`);
  }
  return lines.join("\n");
}

function renderSourceLine(position: SourcePosition, length: number, source: string): readonly string[] {
  const line = lineOf(source, position.line);
  if (line === undefined) return [];
  const caretAt = Math.min(position.column - 1, line.length);
  const from = windowStart(caretAt, length, line.length);
  const to = Math.min(line.length, from + widthMax);
  const shown = `${from > 0 ? "..." : ""}${printable(line.slice(from, to))}${to < line.length ? "..." : ""}`;
  const before = (from > 0 ? "   " : "") + blanksLike(line.slice(from, caretAt));
  const carets = "^".repeat(Math.max(1, Math.min(length, to - caretAt)));
  const gutter = String(position.line);
  return [`  ${gutter} | ${shown}`, `  ${" ".repeat(gutter.length)} | ${before}${carets}`];
}

/** A line that is too wide is cut so that the caret, and some text before it, stay in sight. */
function windowStart(caretAt: number, length: number, lineLength: number): number {
  if (lineLength <= widthMax) return 0;
  const wanted = Math.min(length, widthMax / 2);
  return Math.max(0, Math.min(caretAt + wanted + 10 - widthMax, lineLength - 1));
}

function lineOf(source: string, line: number): string | undefined {
  let start = 0;
  for (let done = 1; done < line; done++) {
    const newline = source.indexOf("\n", start);
    if (newline === -1) return undefined;
    start = newline + 1;
  }
  const end = source.indexOf("\n", start);
  const text = source.slice(start, end === -1 ? source.length : end);
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

/** Control characters would move the cursor or worse: shown as a middle dot, one for one. Tabs stay. */
function printable(text: string): string {
  let result = "";
  for (const unit of text.split("")) result += isControl(unit.charCodeAt(0)) && unit !== "\t" ? "\u00b7" : unit;
  return result;
}

function isControl(code: number): boolean {
  return code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029 || isDirectionMark(code);
}

/** Marks that reorder text on screen could show another policy than the one that runs. */
function isDirectionMark(code: number): boolean {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** Blanks as wide as `text`, tabs kept, so that the caret stands under its column however wide a tab is. */
function blanksLike(text: string): string {
  return text.replaceAll(/[^\t]/g, " ");
}
