import type { SourcePosition } from "./source-position.ts";

/** `error` stops the policy from being used; `warning` and `info` do not. */
export type Severity = "error" | "warning" | "info";

/** A finding about a text that the user wrote. Diagnostics are values: they are returned, never thrown. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable upper-case code such as `POLICY_MISSING_SEMICOLON`; the message is free to change. */
  readonly code: string;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
  readonly position: SourcePosition;
  /** How many columns the caret covers, at least 1. @default 1, a bare caret */
  readonly length?: number;
  /** "did you mean": the word or form that would be accepted. */
  readonly hint?: string;
  /** Other places that take part, such as the first of two contradictory promises. */
  readonly related?: readonly RelatedPosition[];
}

/** A second place that a {@link Diagnostic} talks about. */
export interface RelatedPosition {
  readonly position: SourcePosition;
  readonly message: string;
}
