/**
 * Where a place in a promise's XML is in the user's files. XML from a file is easy. XML inside the policy was unquoted
 * and had its variables expanded, so the string is looked up again in the policy text: its lines are the XML's lines,
 * and a column holds where nothing before it on that line was expanded.
 */
import type { EnvironmentSpec, SourcePosition } from "@berth/model";
import { offsetOf, placeOf } from "./xml-problem.ts";

/** The text of a policy file by name, where the caller has it. */
export type SourceLookup = (file: string) => string | undefined;

/** The place of the XML's `offset`; the attribute's place where the XML does not stand in the policy. */
export function placeInSpec(spec: EnvironmentSpec, offset: number, source?: SourceLookup): SourcePosition {
  const { line, column } = placeOf(spec.xml, offset);
  if (spec.path !== undefined) return { file: spec.path, line, column };
  const policy = source?.(spec.position.file);
  const start = policy === undefined ? undefined : literalStart(policy, spec.position);
  if (policy === undefined || start === undefined) return spec.position;
  const first = placeOf(policy, start);
  const policyLine = first.line + line - 1;
  const policyColumn = line === 1 ? first.column + column - 1 : column;
  const written = policy.split("\n")[policyLine - 1];
  if (written === undefined) return spec.position;
  const expanded = spec.xml.split("\n")[line - 1] ?? "";
  const before = written.slice(line === 1 ? first.column - 1 : 0);
  const shown = Math.min(policyColumn, written.length + 1);
  return {
    file: spec.position.file,
    line: policyLine,
    column: sameUntil(before, expanded, column) ? policyColumn : shown,
  };
}

/** Whether policy and XML have the same characters before `column`. */
function sameUntil(written: string, expanded: string, column: number): boolean {
  return written.slice(0, column - 1) === expanded.slice(0, column - 1);
}

/** Offset of the first character inside the string that is the attribute's value, where that string is XML. */
function literalStart(policy: string, from: SourcePosition): number | undefined {
  const offset = offsetOf(policy, from.line, from.column);
  const before = /^(?:env_spec(?:_file)?)?(?:\s|=>|#[^\n]*\n)*(["'`])\s*</.exec(policy.slice(offset, offset + 4096));
  if (before === null) return undefined;
  return offset + before[0].indexOf(before[1] ?? '"') + 1;
}
