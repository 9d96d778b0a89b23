import type { Diagnostic, RelatedPosition, Severity, SourcePosition } from "@berth/model";

/** What a finding may carry beside its code, message and place. */
export interface FindingExtras {
  readonly severity?: Severity;
  readonly hint?: string;
  readonly length?: number;
  readonly related?: readonly RelatedPosition[];
}

/** A thousand iterations of one wrong promise are one mistake: beyond this many findings only their number is kept. */
const findingsMax = 500;

/** Collects what evaluation finds. The same thing said twice of the same place, as three passes do, counts once. */
export class FindingList {
  readonly #seen = new Set<string>();
  readonly #findings: Diagnostic[] = [];
  #dropped = 0;
  #droppedErrors = false;
  #muted = false;

  /** Adds an error at a place, or a finding of another severity. */
  add(code: string, position: SourcePosition, message: string, extras: FindingExtras = {}): void {
    this.addDiagnostic({ severity: "error", code, message, position, ...extras });
  }

  /** Adds an error that ends the evaluation, also where findings do not count. */
  addFinal(code: string, position: SourcePosition, message: string): void {
    const muted = this.#muted;
    this.#muted = false;
    this.add(code, position, message);
    this.#muted = muted;
  }

  addDiagnostic(diagnostic: Diagnostic): void {
    if (this.#muted) return;
    const { code, message, position } = diagnostic;
    const key = `${code} ${position.file}:${position.line}:${position.column} ${message}`;
    if (this.#seen.has(key)) return;
    if (this.#findings.length >= findingsMax) {
      this.#dropped += 1;
      this.#droppedErrors ||= diagnostic.severity === "error";
      return;
    }
    this.#seen.add(key);
    this.#findings.push(diagnostic);
  }

  /** Runs something whose findings do not count, because the same text is evaluated again in earnest. */
  withoutFindings<T>(run: () => T): T {
    const before = this.#muted;
    this.#muted = true;
    try {
      return run();
    } finally {
      this.#muted = before;
    }
  }

  all(): readonly Diagnostic[] {
    const last = this.#findings.at(-1);
    if (this.#dropped === 0 || last === undefined) return this.#findings;
    const message = `${this.#dropped} more findings are not shown; mend these first`;
    const severity = this.#droppedErrors ? "error" : "warning";
    return [...this.#findings, { severity, code: "POLICY_TOO_MANY_FINDINGS", message, position: last.position }];
  }
}
