import type { Step } from "@berth/planner";
import type { HypervisorReport, PromiseReport, StepReport } from "./pass-report.ts";

/** What a pass tells while it runs, for `-v` and for progress. */
export type PassEvent =
  | { readonly kind: "hypervisor"; readonly report: HypervisorReport }
  /** Without `report` the step begins, with it the step has ended. */
  | { readonly kind: "step"; readonly name: string; readonly step: Step; readonly report?: StepReport }
  | { readonly kind: "promise-ended"; readonly report: PromiseReport };
