import type { Plan, PromisePlan, Step } from "@berth/planner";
import { AgentError, reasonOf } from "./agent-error.ts";
import type { FailureReport, StepReport } from "./pass-report.ts";
import type { Hypervisor } from "./ports/hypervisor.ts";
import { Semaphore } from "./semaphore.ts";

/** What became of one item of a plan. */
export interface ItemResult {
  readonly steps: readonly StepReport[];
  readonly failure?: FailureReport;
  /** A signal came before the item was through. */
  readonly interrupted: boolean;
}

/** Who may end the execution early, and who hears of its steps. */
export interface ExecutionInit {
  readonly signal?: AbortSignal;
  readonly onStep?: (name: string, step: Step, report: StepReport | undefined) => void;
}

/**
 * Carries out a plan: stage after stage, the items of a stage side by side, the steps of an item in order. The plan
 * decides everything; a step that fails ends its item and no other. After a signal the running steps end and no further
 * one begins.
 */
export async function performPlan(
  plan: Plan,
  hypervisor: Hypervisor,
  init: ExecutionInit = {},
): Promise<ReadonlyMap<PromisePlan, ItemResult>> {
  const results = new Map<PromisePlan, ItemResult>();
  const lanes = {
    changes: new Semaphore(hypervisor.concurrency.changes),
    stops: new Semaphore(hypervisor.concurrency.stops),
  };
  for (const stage of [0, 1, 2, 3]) {
    const items = plan.items.filter((item) => item.stage === stage && item.steps.length > 0);
    await Promise.all(
      items.map(async (item) => {
        results.set(item, await performItem(item, hypervisor, lanes, init));
      }),
    );
  }
  return results;
}

interface Lanes {
  readonly changes: Semaphore;
  readonly stops: Semaphore;
}

async function performItem(
  item: PromisePlan,
  hypervisor: Hypervisor,
  lanes: Lanes,
  init: ExecutionInit,
): Promise<ItemResult> {
  const steps: StepReport[] = [];
  let failure: FailureReport | undefined;
  let interrupted = false;
  for (const step of item.steps) {
    if (failure !== undefined) {
      steps.push({ step, result: "not-run" });
      continue;
    }
    const report = await laneOf(step, lanes).run(() => performStep(item, step, hypervisor, init));
    steps.push(report);
    failure = report.error;
    interrupted ||= report.result === "not-run";
  }
  return { steps, ...(failure !== undefined && { failure }), interrupted };
}

async function performStep(
  item: PromisePlan,
  step: Step,
  hypervisor: Hypervisor,
  { signal, onStep }: ExecutionInit,
): Promise<StepReport> {
  if (signal?.aborted === true) return { step, result: "not-run" };
  onStep?.(item.promise.name, step, undefined);
  const began = performance.now();
  const error = await hypervisor.perform(step, signal).then(() => undefined, failureOf);
  const durationSeconds = (performance.now() - began) / 1000;
  const report: StepReport =
    error === undefined
      ? { step, result: "done", durationSeconds }
      : { step, result: "failed", durationSeconds, error };
  onStep?.(item.promise.name, step, report);
  return report;
}

/** Stops mostly wait, so they do not take the place of a start. */
function laneOf(step: Step, lanes: Lanes): Semaphore {
  return ["shutdown-domain", "destroy-domain", "stop-network"].includes(step.kind) ? lanes.stops : lanes.changes;
}

/** The report of anything that an adapter threw; what is not an {@link AgentError} is a bug and is thrown on. */
export function failureOf(error: unknown): FailureReport {
  if (!(error instanceof AgentError)) throw error;
  return {
    code: error.code,
    message: reasonOf(error),
    ...(error.remedy !== undefined && { remedy: error.remedy }),
  };
}
