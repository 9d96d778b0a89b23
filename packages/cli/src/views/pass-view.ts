/**
 * A pass as a table has one row for each thing that was done, would be done, waits or went wrong. Promises that were
 * kept have no row: a pass with nothing to do has an empty table.
 */
import type { PassReport, PromiseReport, StepReport } from "@berth/agent/pass-report";
import { describeStep } from "@berth/agent/step-text";
import { formatPosition } from "@berth/model";
import type { ListView } from "../output/list-view.ts";
import type { Column } from "../output/table.ts";

/** One row of the table of a pass. */
export interface PassRow {
  readonly promise: PromiseReport;
  readonly step: string;
  /** When it takes effect, and what it disturbs. */
  readonly effect: string;
  readonly result: string;
  readonly why: string;
}

/** The rows of all promises, in the report's order. */
export function passRows(promises: readonly PromiseReport[]): PassRow[] {
  return promises.flatMap((promise) => {
    const steps = promise.steps.map((report) => stepRow(promise, report));
    const pending = promise.pending.map(({ what, why, tag }) => {
      return { promise, step: what, effect: tag, result: "pending", why };
    });
    // Skipped without a step: not looked at, which is told on stderr.
    if (steps.length > 0 || promise.outcome === "kept" || promise.outcome === "skipped") return [...steps, ...pending];
    return [{ promise, step: "-", effect: "-", result: promise.outcome, why: whyOf(promise) }, ...pending];
  });
}

function stepRow(promise: PromiseReport, { step, result, error }: StepReport): PassRow {
  return { promise, step: describeStep(step), effect: step.tag, result, why: error?.code ?? step.reason };
}

/** The code of a failure stands for it: the whole text is on stderr, once for all promises that share it. */
function whyOf({ failure, reason }: PromiseReport): string {
  return failure?.code ?? reason;
}

const nameColumn: Column<PassRow> = { title: "NAME", cell: ({ promise }) => promise.name };
const wideColumns: readonly Column<PassRow>[] = [
  { title: "TYPE", cell: ({ promise }) => promise.type, wide: true },
  { title: "PROMISED", cell: ({ promise }) => promise.promised, wide: true },
  { title: "GOAL", cell: ({ promise }) => promise.here, wide: true },
];
const lastColumns: readonly Column<PassRow>[] = [
  { title: "WHY", cell: ({ why }) => why },
  { title: "PLACE", cell: ({ promise }) => formatPosition(promise.position), wide: true },
];
const step: Column<PassRow> = { title: "STEP", cell: (row) => row.step };
const effect: Column<PassRow> = { title: "EFFECT", cell: (row) => row.effect };
const result: Column<PassRow> = { title: "RESULT", cell: (row) => row.result, coloured: true };

/** Columns of `berth plan`: nothing was done, so there is no result. */
export const planColumns: readonly Column<PassRow>[] = [nameColumn, ...wideColumns, step, effect, ...lastColumns];
/** Columns of `berth converge`. */
export const passColumns: readonly Column<PassRow>[] = [
  nameColumn,
  ...wideColumns,
  step,
  effect,
  result,
  ...lastColumns,
];

/** Promises with what became of them, for `-o json`, `yaml` and `name`. */
export const outcomeView: ListView<PromiseReport> = {
  kind: "OutcomeList",
  columns: [],
  name: (promise) => `${promise.kind}/${promise.name}`,
  json: (promise) => ({
    name: promise.name,
    kind: promise.kind,
    type: promise.type,
    promised: promise.promised,
    goal: promise.here,
    outcome: promise.outcome,
    reason: promise.reason,
    steps: promise.steps.map(stepJson),
    pending: promise.pending,
    ...(promise.failure === undefined ? {} : { failure: promise.failure }),
    bundle: promise.bundle,
    ...(promise.handle === undefined ? {} : { handle: promise.handle }),
    ...(promise.comment === undefined ? {} : { comment: promise.comment }),
    ...promise.position,
  }),
};

function stepJson({ step: planned, result: outcome, durationSeconds, error }: StepReport): object {
  const { kind, reason, tag, ...details } = planned;
  return {
    step: kind,
    text: describeStep(planned),
    effect: tag,
    reason,
    result: outcome,
    ...(durationSeconds === undefined ? {} : { duration_seconds: seconds(durationSeconds) }),
    ...(error === undefined ? {} : { error }),
    details: snakeCased(details),
  };
}

/** Field names and units as everywhere in the JSON: snake case, seconds, bytes. */
function snakeCased(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (name === "kib" && typeof value === "number") return ["memory_bytes", value * 1024];
      if (name === "timeoutMs" && typeof value === "number") return ["timeout_seconds", Math.ceil(value / 1000)];
      return [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value];
    }),
  );
}

/** What JSON and YAML say of the pass as a whole, beside its promises. */
export function passJson(report: PassReport): object {
  return {
    started_at: report.startedAt,
    duration_seconds: seconds(report.durationSeconds),
    dry_run: report.dryRun,
    interrupted: report.interrupted,
    counts: report.counts,
    reports: report.reports,
    findings: report.diagnostics.map(({ severity, code, message, position }) => {
      return { severity, code, message, ...position };
    }),
  };
}

/** Seconds to the millisecond: a pass is shorter than one. */
function seconds(exact: number): number {
  return Math.round(exact * 1000) / 1000;
}
