/** A place in a policy or XML text that a person can open in an editor. */
export interface SourcePosition {
  /** Path as the user gave it, or as `inputs` named it. */
  readonly file: string;
  /** Line, counted from 1. */
  readonly line: number;
  /** Column in UTF-16 code units, counted from 1. */
  readonly column: number;
}

/** `file:line:column`, the form that editors and compilers share. */
export function formatPosition(position: SourcePosition): string {
  return `${position.file}:${position.line}:${position.column}`;
}
