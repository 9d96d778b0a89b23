import type { EnvironmentPromise, Outcome } from "@berth/model";
import { describeStep, explainPlan, type PlanViolation, type PromisePlan } from "@berth/planner";
import type { FailureReport, PromiseReport, StepReport } from "./pass-report.ts";
import type { ItemResult } from "./plan-execution.ts";

/**
 * From what was planned and what happened to what is said about a promise. One place decides the outcome, so the table,
 * the JSON, the exit code and the classes that a promise defines can never disagree.
 */
export interface OutcomeInput {
  readonly item: PromisePlan;
  /** Absent in a dry run, and where nothing had to be done. */
  readonly result?: ItemResult;
  readonly violation?: PlanViolation;
  /** With the steps explained, for `-v`. */
  readonly explain: boolean;
}

/** The report of a promise that was planned. */
export function reportItem({ item, result, violation, explain }: OutcomeInput): PromiseReport {
  const { outcome, reason, failure } = judge(item, result, violation);
  return {
    ...aboutPromise(item.promise, outcome, reason, failure),
    here: item.here,
    steps: (result?.steps ?? item.steps.map((step): StepReport => ({ step, result: "planned" }))).map(withoutPasswords),
    pending: item.pending,
    warnings: item.warnings,
    ...(explain && { explanation: explainPlan(item) }),
  };
}

/** A report is printed, logged and sent: what libvirt shows to nobody but root does not belong there. */
function withoutPasswords(report: StepReport): StepReport {
  const { step } = report;
  if (step.kind !== "define-domain" || !step.xml.includes("passwd")) return report;
  return { ...report, step: { ...step, xml: step.xml.replace(/(passwd=)("[^"]*"|'[^']*')/g, '$1"***"') } };
}

/** The report of a promise that did not get as far as a plan. */
export function reportUnplanned(
  promise: EnvironmentPromise,
  outcome: Extract<Outcome, "failed" | "skipped">,
  reason: string,
  failure?: FailureReport,
): PromiseReport {
  return { ...aboutPromise(promise, outcome, reason, failure), here: "", steps: [], pending: [], warnings: [] };
}

interface Judgement {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly failure?: FailureReport;
}

function judge(item: PromisePlan, result: ItemResult | undefined, violation: PlanViolation | undefined): Judgement {
  if (violation !== undefined) {
    const isOwn = violation.name === item.promise.name;
    const message = isOwn
      ? violation.message
      : `not performed, since the plan is refused for ${violation.name}: ${violation.message}`;
    return { outcome: "denied", reason: message, failure: { code: violation.code, message } };
  }
  if (item.failure !== undefined) return { outcome: "failed", reason: item.failure.message, failure: item.failure };
  if (item.steps.length === 0) return { outcome: item.outcomeWithoutSteps, reason: "" };
  if (item.withheld !== undefined) {
    return {
      outcome: "skipped",
      reason: `action_policy is ${item.withheld}; would ${item.steps.map(describeStep).join(", ")}`,
    };
  }
  if (result === undefined) return { outcome: "skipped", reason: "dry run" };
  if (result.failure !== undefined) {
    return { outcome: "failed", reason: result.failure.message, failure: result.failure };
  }
  if (result.interrupted) return { outcome: "skipped", reason: "interrupted before all steps were done" };
  return { outcome: "repaired", reason: [...new Set(item.steps.map(({ reason }) => reason))].join("; ") };
}

function aboutPromise(promise: EnvironmentPromise, outcome: Outcome, reason: string, failure?: FailureReport) {
  return {
    name: promise.name,
    kind: promise.kind,
    type: promise.type,
    promised: promise.state,
    outcome,
    reason,
    ...(failure !== undefined && { failure }),
    position: promise.position,
    bundle: promise.bundle,
    ...(promise.handle !== undefined && { handle: promise.handle }),
    ...(promise.comment !== undefined && { comment: promise.comment }),
  };
}

const classKeys: Readonly<Record<Outcome, readonly string[]>> = {
  kept: ["promise_kept"],
  repaired: ["promise_repaired"],
  failed: ["repair_failed"],
  denied: ["repair_denied"],
  skipped: [],
};

/** The classes that a promise defines by its outcome: `body classes`, CFEngine's attribute names. */
export function outcomeClasses(promise: EnvironmentPromise, outcome: Outcome): readonly string[] {
  return classKeys[outcome].flatMap((key) => promise.classes[key] ?? []);
}
