import type { Diagnostic, RelatedPosition, Severity, SourcePosition } from "@berth/model";
import type { SourceText } from "./source-text.ts";

/** What a caller may add to a finding. */
export interface FindingDetails {
  /** "did you mean". */
  readonly hint?: string;
  readonly severity?: Severity;
  readonly related?: readonly RelatedPosition[];
}

/**
 * Findings kept per text. A person mends a handful before looking again; the limit keeps a binary file that was taken for a
 * policy from printing its every byte.
 */
const findingsMax = 100;

/** Collects what is wrong with one text, by offsets, and hands it out in the order of the text. */
export class DiagnosticSink {
  readonly #source: SourceText;
  readonly #findings: { readonly offset: number; readonly diagnostic: Diagnostic }[] = [];
  #dropped = 0;
  #droppedSeverity: Severity = "info";

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** Reports at a place that a node carries. */
  reportAt(code: string, position: SourcePosition, length: number, message: string, details?: FindingDetails): void {
    const start = this.#source.offsetOf(position);
    this.report(code, start, start + length, message, details);
  }

  /** @param start offset of the caret @param end offset after the last character that is wrong */
  report(code: string, start: number, end: number, message: string, details: FindingDetails = {}): void {
    if (this.#findings.length >= findingsMax) {
      this.#drop(details.severity ?? "error");
      return;
    }
    const length = Math.max(1, Math.min(end, this.#source.lineEnd(start)) - start);
    const diagnostic: Diagnostic = {
      severity: details.severity ?? "error",
      code,
      message,
      position: this.#source.positionAt(start),
      length,
      ...(details.hint === undefined ? {} : { hint: details.hint }),
      ...(details.related === undefined ? {} : { related: details.related }),
    };
    this.#findings.push({ offset: start, diagnostic });
  }

  /** Everything found, first in the text first. */
  finish(): readonly Diagnostic[] {
    const sorted = this.#findings
      .sort((left, right) => left.offset - right.offset)
      .map((finding) => finding.diagnostic);
    if (this.#dropped > 0) {
      sorted.push({
        severity: this.#droppedSeverity,
        code: "POLICY_TOO_MANY_FINDINGS",
        message: `${this.#dropped} more findings are not shown; mend these first`,
        position: sorted.at(-1)?.position ?? this.#source.positionAt(0),
      });
    }
    return sorted;
  }

  #drop(severity: Severity): void {
    this.#dropped++;
    if (severity === "error" || this.#droppedSeverity === "info") this.#droppedSeverity = severity;
  }
}
