/**
 * What one evaluation may cost. Policy can ask for anything (nested lists multiply, bundles call each other, texts double),
 * so every loop draws on a budget; an empty budget ends the evaluation with a diagnostic instead of a hang.
 */
export const evaluationLimits = {
  /** Promises evaluated, iterations and passes counted. 10,000 guests take 10,000 by iteration, 100,000 by a bundle each. */
  steps: 3_000_000,
  /** Iterations of one promise: ten times the largest fleet that is promised to work. */
  iterationsPerPromise: 100_000,
  /** Characters that expansion may produce. 10,000 guests with 4 KiB of XML each take 40 million. */
  expandedCharacters: 512 * 1024 * 1024,
  /** Characters of one expanded text: no domain XML comes near. */
  textLength: 8 * 1024 * 1024,
  /** A variable whose value names a variable whose value names one, and so on. */
  referenceDepth: 50,
  /** Bundles that call bundles. */
  bundleDepth: 64,
  /** Bodies that inherit from bodies. */
  inheritDepth: 16,
  /** Calls within calls in one value. */
  callDepth: 32,
  /** Policy files of one evaluation. */
  files: 1000,
} as const;

/** Counts down; once empty it stays empty. */
export class EvaluationBudget {
  #steps: number = evaluationLimits.steps;
  #characters: number = evaluationLimits.expandedCharacters;

  /** @returns whether there was one left */
  takeSteps(count: number): boolean {
    this.#steps -= count;
    return this.#steps >= 0;
  }

  takeCharacters(count: number): boolean {
    this.#characters -= count;
    return this.#characters >= 0;
  }

  /** Ends the evaluation: a limit was met that makes the rest pointless. */
  exhaust(): void {
    this.#steps = -1;
  }

  get exhausted(): boolean {
    return this.#steps < 0 || this.#characters < 0;
  }
}
