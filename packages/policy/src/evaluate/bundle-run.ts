/** What one run of one bundle works with, and what all runs of a policy gather together. */
import type { EnvironmentSink } from "../guest-environments/environment-promises.ts";
import type { Bundle } from "../syntax/ast.ts";
import type { ClassScope } from "./class-table.ts";
import type { EvaluationState } from "./evaluation-state.ts";
import type { NamedTexts } from "./named-texts.ts";
import type { PolicyValue } from "./policy-value.ts";

/** What a run of the policy gathers besides variables and classes. */
export interface RunSink extends EnvironmentSink {
  readonly reports: string[];
  /** Promises already carried out, as CFEngine's locks have it: the same promise twice acts once. */
  readonly done: Set<string>;
}

/** One run of one bundle. */
export interface BundleRun {
  readonly state: EvaluationState;
  readonly sink: RunSink;
  readonly bundle: Bundle;
  /** Qualified: `default:main`. */
  readonly scope: string;
  readonly classes: ClassScope;
  /** `$(this.bundle)` and what else is the same for all its promises. */
  readonly specials: NamedTexts | undefined;
  /** Bundles around this one. */
  readonly depth: number;
  /** What the caller's `useresult` gets: index to text. */
  readonly results: Map<string, string>;
}

/** A bundle that is to run, with its arguments. */
export interface BundleCall {
  readonly bundle: Bundle;
  readonly args: readonly PolicyValue[];
  /** The caller's classes, for `inherit => "true"`. */
  readonly inherited?: ClassScope;
  readonly depth: number;
}

/** Runs another bundle. @returns what it reported to its caller, index to text */
export type BundleCaller = (call: BundleCall) => ReadonlyMap<string, string>;
