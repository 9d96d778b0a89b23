import type { Diagnostic } from "@berth/model";

/** Findings that are kept: a person mends a handful before looking again. */
const findingsMax = 200;

/** Known names that "did you mean" compares with, at most: keeps hostile policies from costing time. */
export const candidatesMax = 1000;

/** Collects findings up to a limit. Whoever checks asks {@link CheckFindings.isFull} before the next piece of work. */
export class CheckFindings {
  readonly found: Diagnostic[] = [];
  /** False where the parser found errors: right sides may be mended ones, and definitions may be missing. */
  readonly complete: boolean;

  constructor(complete: boolean) {
    this.complete = complete;
  }

  get isFull(): boolean {
    return this.found.length >= findingsMax;
  }

  add(diagnostic: Diagnostic): void {
    if (!this.isFull) this.found.push(diagnostic);
  }
}
