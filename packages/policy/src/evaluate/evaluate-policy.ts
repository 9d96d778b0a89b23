import type { Diagnostic, EnvironmentPromise, SourcePosition } from "@berth/model";
import { hardClasses } from "../hard-classes/hard-classes.ts";
import type { HostFacts } from "../hard-classes/host-facts.ts";
import { systemVariables } from "../hard-classes/system-variables.ts";
import type { PolicyFile } from "../syntax/ast.ts";
import { checkFiles } from "../syntax/check-files.ts";
import type { RunSink } from "./bundle-run.ts";
import { bundleSequence } from "./bundle-sequence.ts";
import { checkClassCase } from "./check-class-case.ts";
import { checkSelfReference } from "./check-self-reference.ts";
import { checkValues } from "./check-values.ts";
import { ClassTable } from "./class-table.ts";
import { evaluationLimits } from "./evaluation-budget.ts";
import { EvaluationState } from "./evaluation-state.ts";
import { type LoadedPolicy, loadPolicy } from "./load-policy.ts";
import { type NotHandledPromises, notHandledPromises } from "./not-handled.ts";
import { printValue } from "./policy-value.ts";
import type { PolicyWorld } from "./policy-world.ts";
import { rehearse, runBundle } from "./run-bundle.ts";

/** What one evaluation is given. */
export interface EvaluationRequest {
  /** Path of the policy file as the user gave it; `inputs` are looked for beside the file that names them. */
  readonly entryFile: string;
  readonly text: string;
  readonly facts: HostFacts;
  readonly world: PolicyWorld;
  /** Classes that hold besides the host's: `-D` and the configuration. */
  readonly extraClasses?: readonly string[];
  /** Classes that are taken away: `-N`. */
  readonly negatedClasses?: readonly string[];
  readonly options?: EvaluationOptions;
}

/** What the caller may allow or choose. */
export interface EvaluationOptions {
  /** Lets `execresult` and `returnszero` run commands. @default false: reading a policy must not change anything */
  readonly allowCommands?: boolean;
  /** Bundles to run in place of the policy's own sequence: `-b`. */
  readonly bundleSequence?: readonly string[];
}

/** What a policy comes to on one host. */
export interface Evaluation {
  /** Guests and networks, in the order in which the policy promises them. */
  readonly promises: readonly EnvironmentPromise[];
  /** Texts of `reports` promises, in order. */
  readonly reports: readonly string[];
  /** Promises of types that are not handled here, one row for each type. */
  readonly notHandled: readonly NotHandledPromises[];
  /** Every class that holds in the end, those of single bundles left out. */
  readonly classes: ReadonlySet<string>;
  /** `namespace:bundle.name` to its value in print. */
  readonly variables: ReadonlyMap<string, string>;
  /** Of parsing, checking and evaluation. With an `error` among them {@link promises} must not be acted on. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every policy file that was read, by path. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Parses, checks and evaluates a policy for one host. Pure: files come through {@link EvaluationRequest.world}. Never
 * throws, and ends: whatever the policy asks for, limits on depth, iterations and text turn excess into diagnostics.
 */
export function evaluatePolicy(request: EvaluationRequest): Evaluation {
  const state = newState(request);
  const sink: RunSink = {
    reports: [],
    done: new Set(),
    handles: new Set(),
    environments: new Map(),
    environmentHandles: new Set(),
  };
  const loaded = loadPolicy(state, { file: request.entryFile, text: request.text }, () => rehearse(state, sink));
  for (const diagnostic of [...loaded.diagnostics, ...checkFiles(loaded.files, isComplete(loaded))])
    state.findings.addDiagnostic(diagnostic);
  checkValues(loaded.files, state.findings);
  checkSelfReference(loaded.files, state.findings);
  if (isComplete(loaded)) run(request, state, sink, loaded.files);
  const notHandled = notHandledPromises(loaded.files, state.findings);
  return {
    promises: [...sink.environments.values()],
    reports: sink.reports,
    notHandled,
    classes: state.classes.all(),
    variables: new Map([...state.variables.all()].map(([name, value]) => [name, printValue(value)])),
    diagnostics: inTextOrder(state.findings.all(), [...loaded.sources.keys()]),
    sources: loaded.sources,
  };
}

/** Whether every file could be read whole; otherwise what seems undefined may stand in what is missing. */
function isComplete(loaded: LoadedPolicy): boolean {
  return !loaded.diagnostics.some(({ severity }) => severity === "error");
}

/** File by file as they were read, and within a file from top to bottom. */
function inTextOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const fileOf = ({ position }: Diagnostic) => order.get(position.file) ?? files.length;
  return [...diagnostics].sort(
    (left, right) =>
      fileOf(left) - fileOf(right) ||
      left.position.line - right.position.line ||
      left.position.column - right.position.column,
  );
}

function newState(request: EvaluationRequest): EvaluationState {
  const negated = new Set(request.negatedClasses ?? []);
  const classes = [...hardClasses(request.facts), ...(request.extraClasses ?? [])].filter((name) => !negated.has(name));
  const allowCommands = request.options?.allowCommands ?? false;
  const state = new EvaluationState(request.facts, request.world, new ClassTable(classes), allowCommands);
  for (const { scope, name, index, value } of systemVariables(request.facts, request.entryFile)) {
    state.variables.set({ name, indices: index === undefined ? [] : [index] }, `default:${scope}`, value);
  }
  return state;
}

function run(request: EvaluationRequest, state: EvaluationState, sink: RunSink, files: readonly PolicyFile[]): void {
  rehearse(state, sink);
  for (const { bundle, args } of bundleSequence(state, files, request.options?.bundleSequence)) {
    if (!state.budget.exhausted) runBundle(state, sink, { bundle, args, depth: 0 });
  }
  checkClassCase(files, state);
  checkHandles(sink, state);
  if (state.budget.exhausted) reportExhausted(state, files[0]?.position);
}

const limitCodes: ReadonlySet<string> = new Set(["POLICY_TEXT_TOO_LONG", "POLICY_TOO_MANY_ITERATIONS"]);

function reportExhausted(state: EvaluationState, position: SourcePosition | undefined): void {
  if (position === undefined) return;
  if (state.findings.all().some(({ code }) => limitCodes.has(code))) return;
  const message = `this policy takes more than ${evaluationLimits.steps} steps or ${evaluationLimits.expandedCharacters} characters to evaluate; evaluation was stopped`;
  state.findings.add("POLICY_EVALUATION_TOO_LONG", position, message);
}

/** A guest that waits for a promise which nobody makes is never carried out. */
function checkHandles(sink: RunSink, state: EvaluationState): void {
  for (const promise of sink.environments.values()) {
    for (const handle of promise.dependsOn) {
      if (sink.environmentHandles.has(handle)) continue;
      const message = `${promise.name} depends on the handle ${JSON.stringify(handle)}, which no promise on this host has`;
      state.findings.add("POLICY_UNKNOWN_HANDLE", promise.position, message, { severity: "warning" });
    }
  }
}
