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

  readonly #order = new Set<string>();

  constructor(pass: Pass, locks: PromiseLocks | undefined) {
    this.#pass = pass;
    this.#locks = locks;
  }

  /** In policy order, which is also the order of a table. */
  get reports(): readonly PromiseReport[] {
    return [...this.#order].flatMap((key) => this.#done.get(key)?.report ?? []);
  }

  /** Classes that the outcomes so far define and that do not hold yet. */
  definedClasses(holding: ReadonlySet<string>): readonly string[] {
    const defined = [...this.#done.values()].flatMap(({ promise, report }) => outcomeClasses(promise, report.outcome));
    return [...new Set(defined)].filter((name) => !holding.has(name));
  }

  async run(promises: readonly EnvironmentPromise[]): Promise<void> {
    for (const promise of promises) this.#order.add(promiseKey(promise));
    const fresh = this.#done.size === 0 ? promises : promises.filter((promise) => !this.#done.has(promiseKey(promise)));
    if (fresh.length === 0) return;
    if (this.#locks === undefined) return this.#runInOrder(fresh);
    const verdicts = await this.#locks.take(fresh);
    const free = fresh.filter((promise) => {
      const verdict = verdicts.get(promise);
      if (verdict?.held === true) this.#put(promise, reportUnplanned(promise, "skipped", verdict.reason));
      return verdict?.held !== true;
    });
    try {
      await this.#runInOrder(free);
    } finally {
      const evaluated = free.filter((promise) => this.#wasEvaluated(promise));
      await this.#locks.giveBack(free, new Set(evaluated));
    }
  }

  /** First what depends on nothing, then what depends on that, until no dependency can be met any more. */
  async #runInOrder(promises: readonly EnvironmentPromise[]): Promise<void> {
    let waiting = promises;
    while (waiting.length > 0) {
      const obstacles = this.#obstacles(waiting);
      const ready = waiting.filter((promise) => !obstacles.has(promise));
      if (ready.length === 0) {
        for (const [promise, obstacle] of obstacles) {
          this.#put(promise, reportUnplanned(promise, "skipped", `depends on ${obstacle}`));
        }
        return;
      }
      for (const [promise, report] of await this.#pass.run(ready)) this.#put(promise, report);
      waiting = [...obstacles.keys()];
    }
  }

  /** What stands in the way of each promise that depends on something not kept yet. */
  #obstacles(waiting: readonly EnvironmentPromise[]): ReadonlyMap<EnvironmentPromise, string> {
    const obstacles = new Map<EnvironmentPromise, string>();
    const dependent = waiting.filter(({ dependsOn }) => dependsOn.length > 0);
    if (dependent.length === 0) return obstacles;
    const waitingHandles = new Set(waiting.map(({ handle }) => handle));
    const reports = Map.groupBy(this.#done.values(), ({ promise }) => promise.handle);
    for (const promise of dependent) {
      for (const handle of promise.dependsOn) {
        const done = reports.get(handle)?.map(({ report }) => report) ?? [];
        const bad = done.find((report) => !isMet(report));
        if (waitingHandles.has(handle)) obstacles.set(promise, `"${handle}", which waits too`);
        else if (done.length === 0) obstacles.set(promise, `"${handle}", which is no guest or network of this policy`);
        else if (bad !== undefined) obstacles.set(promise, `"${handle}", which was ${bad.outcome}`);
      }
    }
    return obstacles;
  }

  /** Not where it failed or a signal came first: the next pass should try at once. */
  #wasEvaluated(promise: EnvironmentPromise): boolean {
    const report = this.#done.get(promiseKey(promise))?.report;
    if (report === undefined) return false;
    return report.outcome !== "failed" && report.steps.every(({ result }) => result !== "not-run");
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
