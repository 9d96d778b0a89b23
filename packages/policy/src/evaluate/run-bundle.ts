import { runEnvironment } from "../guest-environments/environment-promises.ts";
import type { Attribute, Bundle, Section } from "../syntax/ast.ts";
import type { BundleCall, BundleRun, RunSink } from "./bundle-run.ts";
import { ClassScope } from "./class-table.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { evaluationLimits } from "./evaluation-budget.ts";
import { type EvaluationContext, type EvaluationState, passes } from "./evaluation-state.ts";
import { type NamedTexts, withText } from "./named-texts.ts";
import type { PolicyValue } from "./policy-value.ts";
import { runClass } from "./run-classes.ts";
import { runMethod } from "./run-methods.ts";
import { type PromiseRound, runPromise } from "./run-promise.ts";
import { runReport } from "./run-reports.ts";
import { runVariable } from "./run-vars.ts";

/**
 * A bundle runs three times over its promises, and each time in normal order: its variables, its classes, its variables
 * again because they may depend on the classes, then the rest. What one promise defines late, the others see in the next
 * pass. Guests and networks are promised in the last pass only, when everything that can be known is known.
 */

/** The order of promise types within a pass, those that are handled here. */
const normalOrder = ["meta", "vars", "classes", "vars", "methods", "guest_environments", "reports"] as const;

const bodyAttributes: ReadonlySet<string> = new Set([
  "environment_resources",
  "environment_interface",
  "action",
  "classes",
]);

/** Runs a bundle with its arguments. @returns what it reported to its caller, index to text */
export function runBundle(state: EvaluationState, sink: RunSink, call: BundleCall): ReadonlyMap<string, string> {
  const { bundle, depth } = call;
  const run = newRun(state, sink, call);
  if (depth >= evaluationLimits.bundleDepth) {
    const message = `bundles call each other deeper than ${evaluationLimits.bundleDepth}; ${bundle.name.text} leads back to itself`;
    state.findings.add("POLICY_BUNDLES_TOO_DEEP", bundle.name.position, message);
    return run.results;
  }
  setParameters(run, call.args);
  for (let pass = 1; pass <= passes && !state.budget.exhausted; pass += 1) {
    for (const type of normalOrder) {
      if (type !== "guest_environments" || pass === passes) runSections(run, type, pass);
    }
  }
  return run.results;
}

/** `namespace:name`, and `main` for `__main__`. */
export function scopeOf(bundle: Bundle): string {
  return `${bundle.namespace}:${bundle.name.text === "__main__" ? "main" : bundle.name.text}`;
}

function setParameters(run: BundleRun, args: readonly PolicyValue[]): void {
  for (const [index, parameter] of run.bundle.parameters.entries()) {
    const value = args[index];
    if (value !== undefined) run.state.variables.set({ name: parameter.text, indices: [] }, run.scope, value);
  }
}

/**
 * Looks through every bundle for its variables, and through common ones for their classes, before anything runs: a bundle
 * may use what another defines, in whatever order they run.
 */
export function rehearse(state: EvaluationState, sink: RunSink): void {
  state.findings.withoutFindings(() => {
    for (const type of ["vars", "classes", "vars"] as const) rehearseSections(state, sink, type);
  });
}

function rehearseSections(state: EvaluationState, sink: RunSink, type: "vars" | "classes"): void {
  const isCommon = (bundle: Bundle) => bundle.bundleType.text === "common";
  const all = [...state.bundles.values()];
  const common = all.filter(isCommon);
  const others = type === "classes" ? [] : all.filter((bundle) => !isCommon(bundle));
  for (const bundle of [...common, ...others]) {
    runSections(newRun(state, sink, { bundle, depth: 0 }), type, 1);
  }
}

function runSections(run: BundleRun, type: (typeof normalOrder)[number], pass: number): void {
  const scope = type === "meta" ? `${run.scope}_meta` : run.scope;
  for (const section of run.bundle.sections) {
    if (section.promiseType.text === type) runSection(run, section, type, contextOf(run, pass), scope);
  }
}

function contextOf(run: BundleRun, pass: number): EvaluationContext {
  const { state, bundle, scope, classes, specials } = run;
  return { state, bundle, scope, classes, specials, pass };
}

function specialsOf(bundle: Bundle, scope: string): NamedTexts | undefined {
  const { file } = bundle.position;
  const slash = file.lastIndexOf("/");
  const texts = {
    "this.bundle": scope.slice(scope.indexOf(":") + 1),
    "this.namespace": bundle.namespace,
    "this.promise_filename": file,
    "this.promise_dirname": slash < 0 ? "." : file.slice(0, Math.max(1, slash)),
  };
  let specials: NamedTexts | undefined;
  for (const [name, text] of Object.entries(texts)) specials = withText(specials, name, text);
  return specials;
}

function newRun(
  state: EvaluationState,
  sink: RunSink,
  { bundle, inherited, depth }: Omit<BundleCall, "args">,
): BundleRun {
  const scope = scopeOf(bundle);
  const specials = specialsOf(bundle, scope);
  return { state, sink, bundle, scope, specials, classes: new ClassScope(inherited), depth, results: new Map() };
}

function runSection(
  run: BundleRun,
  section: Section,
  type: (typeof normalOrder)[number],
  context: EvaluationContext,
  scope: string,
): void {
  for (const promise of section.promises) {
    if (run.state.budget.exhausted) return;
    runPromise(promise, context, bodyAttributes, (round) => {
      if (type === "guest_environments" || dependenciesKept(round, run.sink)) act(run, type, round, scope);
    });
  }
}

function act(run: BundleRun, type: (typeof normalOrder)[number], round: PromiseRound, scope: string): void {
  switch (type) {
    case "meta":
    case "vars":
      runVariable(round, scope);
      break;
    case "classes":
      runClass(round);
      break;
    case "methods":
      if (!runMethod(round, run, (call) => runBundle(run.state, run.sink, call))) return;
      break;
    case "guest_environments":
      runEnvironment(round, run.scope, run.sink);
      return;
    case "reports":
      if (!runReport(round, run)) return;
      break;
  }
  keepHandle(round.attributes.get("handle"), round, run.sink);
}

function keepHandle(attribute: Attribute | undefined, round: PromiseRound, sink: RunSink): void {
  const handle = attribute === undefined ? undefined : evaluateValue(attribute.value, round.context);
  if (handle?.kind === "scalar") sink.handles.add(handle.text);
}

/**
 * `depends_on` waits for the promises with those handles. What guests depend on becomes known only when they are carried
 * out, so for them it is left to the agent.
 */
function dependenciesKept(round: PromiseRound, sink: RunSink): boolean {
  const attribute = round.attributes.get("depends_on");
  if (attribute === undefined) return true;
  const value = evaluateValue(attribute.value, round.context);
  const handles =
    value === undefined ? [] : value.kind === "scalar" ? [value.text] : value.kind === "list" ? value.items : [];
  return handles.every((handle) => sink.handles.has(handle) || sink.environmentHandles.has(handle));
}
