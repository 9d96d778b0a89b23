import type { EnvironmentPromise } from "@berth/model";
import type { Pass } from "./pass.ts";
import type { PromiseReport } from "./pass-report.ts";
import type { PromiseLocks } from "./promise-locks.ts";
import { outcomeClasses, reportUnplanned } from "./promise-outcome.ts";

/** The promises of one pass in the order that `depends_on` asks for, each evaluated once. */
export class PromiseRounds {
  readonly #pass: Pass;
  readonly #locks: PromiseLocks | undefined;
  readonly #done = new Map<string, { promise: EnvironmentPromise; report: PromiseReport }>();

  constructor(pass: Pass, locks: PromiseLocks | undefined) {
    this.#pass = pass;
    this.#locks = locks;
  }

  get reports(): readonly PromiseReport[] {
    return [...this.#done.values()].map(({ report }) => report);
  }

  /** Classes that the outcomes so far define and that do not hold yet. */
  definedClasses(holding: ReadonlySet<string>): readonly string[] {
    const defined = [...this.#done.values()].flatMap(({ promise, report }) => outcomeClasses(promise, report.outcome));
    return [...new Set(defined)].filter((name) => !holding.has(name));
  }

  async run(promises: readonly EnvironmentPromise[]): Promise<void> {
    const fresh = promises.filter((promise) => !this.#done.has(promiseKey(promise)));
    if (fresh.length === 0) return;
    const verdicts = await this.#locks?.take(fresh);
    const free = fresh.filter((promise) => {
      const verdict = verdicts?.get(promise);
      if (verdict?.held === true) this.#put(promise, reportUnplanned(promise, "skipped", verdict.reason));
      return verdict?.held !== true;
    });
    try {
      await this.#runInOrder(free);
    } finally {
      const evaluated = free.filter((promise) => this.#wasEvaluated(promise));
      await this.#locks?.giveBack(free, new Set(evaluated));
    }
  }

  /** First what depends on nothing, then what depends on that, until no dependency can be met any more. */
  async #runInOrder(promises: readonly EnvironmentPromise[]): Promise<void> {
    let waiting = promises;
    while (waiting.length > 0) {
      const ready = waiting.filter((promise) => this.#unmet(promise, waiting) === undefined);
      const blocked = waiting.filter((promise) => this.#unmet(promise, waiting) !== undefined);
      if (ready.length === 0) {
        for (const promise of blocked) {
          const reason = `depends on ${this.#unmet(promise, [])}`;
          this.#put(promise, reportUnplanned(promise, "skipped", reason));
        }
        return;
      }
      for (const [promise, report] of await this.#pass.run(ready)) this.#put(promise, report);
      waiting = blocked;
    }
  }

  /** The first handle that is not kept yet, with its state; undefined when nothing is in the way. */
  #unmet(promise: EnvironmentPromise, waiting: readonly EnvironmentPromise[]): string | undefined {
    for (const handle of promise.dependsOn) {
      const others = [...this.#done.values()].filter((done) => done.promise.handle === handle);
      if (waiting.some((other) => other !== promise && other.handle === handle)) return `"${handle}", which waits too`;
      if (others.length === 0) return `"${handle}", which is no promise of this pass`;
      const bad = others.find(({ report }) => !isMet(report));
      if (bad !== undefined) return `"${handle}", which was ${bad.report.outcome}`;
    }
    return undefined;
  }

  /** Not where a signal came first: the next pass should go on at once. */
  #wasEvaluated(promise: EnvironmentPromise): boolean {
    const report = this.#done.get(promiseKey(promise))?.report;
    if (report === undefined) return false;
    return report.outcome === "failed" || report.steps.every(({ result }) => result !== "not-run");
  }

  #put(promise: EnvironmentPromise, report: PromiseReport): void {
    this.#done.set(promiseKey(promise), { promise, report });
  }
}

/** Kept or repaired; in a dry run, would be repaired. */
function isMet({ outcome, steps }: PromiseReport): boolean {
  return outcome === "kept" || outcome === "repaired" || steps.some(({ result }) => result === "planned");
}

function promiseKey({ kind, name, position, state }: EnvironmentPromise): string {
  return `${kind} ${name} ${state} ${position.file}:${position.line}:${position.column}`;
}
