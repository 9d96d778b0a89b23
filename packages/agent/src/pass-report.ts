import type { Diagnostic, EnvironmentPromise, GuestType, Outcome, SourcePosition } from "@berth/model";
import type { PendingChange, Step } from "@berth/planner";

/**
 * What one pass found and did, as plain data: the table and the JSON of the command are two views of it.
 * Times are RFC 3339 in UTC, durations seconds.
 */
export interface PassReport {
  readonly startedAt: string;
  readonly durationSeconds: number;
  /** Nothing was changed: `-n`, `plan`. Steps then have the result `planned`. */
  readonly dryRun: boolean;
  /** A signal ended the pass early; what was not begun has the result `not-run`. */
  readonly interrupted: boolean;
  /** Findings about the policy. With an error among them nothing was evaluated, planned or performed. */
  readonly diagnostics: readonly Diagnostic[];
  /** Texts of the policy's reports promises, in order. */
  readonly reports: readonly string[];
  readonly promises: readonly PromiseReport[];
  readonly hypervisors: readonly HypervisorReport[];
  readonly counts: Readonly<Record<Outcome, number>>;
}

/** One promise of the policy and what became of it. */
export interface PromiseReport {
  readonly name: string;
  readonly kind: EnvironmentPromise["kind"];
  readonly type: EnvironmentPromise["type"];
  /** The state that the promise asks for. */
  readonly promised: EnvironmentPromise["state"];
  /** One clause: how the state is reached here, such as "running" or "down, for class web1_host does not hold here". */
  readonly here: string;
  readonly outcome: Outcome;
  /** Why the outcome is what it is; for a failure the hypervisor's own reason. Empty for an ordinary `kept`. */
  readonly reason: string;
  readonly steps: readonly StepReport[];
  /** Why the promise failed, for programs; `reason` says the same for people. */
  readonly failure?: FailureReport;
  /** Differences that wait for the guest's next start, or that Berth does not change by itself. */
  readonly pending: readonly PendingChange[];
  /** What a person should know about the promise although it could be carried out. */
  readonly warnings: readonly string[];
  /** How the state is reached, line by line; only where it was asked for (`-v`). */
  readonly explanation?: readonly string[];
  readonly position: SourcePosition;
  readonly bundle: string;
  readonly handle?: string;
  readonly comment?: string;
}

/** One step of a plan and what became of it. */
export interface StepReport {
  readonly step: Step;
  /** `planned` in a dry run; `not-run` after a failed step of the same promise, or after a signal. */
  readonly result: "done" | "failed" | "planned" | "not-run";
  readonly durationSeconds?: number;
  readonly error?: FailureReport;
}

/** Why something failed. */
export interface FailureReport {
  /** A code of `AgentError`, or one of the plan checker's. */
  readonly code: string;
  readonly message: string;
  /** What the reader can do, where Berth knows. */
  readonly remedy?: string;
}

/** One hypervisor type that the pass used, or could not use. */
export interface HypervisorReport {
  readonly type: GuestType;
  /** Absent where the configuration names no host for the type. */
  readonly uri?: string;
  readonly reachable: boolean;
  /** libvirt's own reason when it is not reachable. */
  readonly error?: FailureReport;
}
