import type { Value } from "../syntax/ast.ts";
import { closestWord } from "../syntax/closest-word.ts";
import type { BundleCaller, BundleRun } from "./bundle-run.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { type EvaluationContext, passes, qualifiedName } from "./evaluation-state.ts";
import { expandText, resolveName } from "./expand-text.ts";
import { isUnresolved, type PolicyValue, scalar } from "./policy-value.ts";
import { promiseIdentity } from "./promise-identity.ts";
import type { PromiseRound } from "./run-promise.ts";
import { wholeListReference } from "./text-template.ts";

/** A `methods` promise runs another bundle, once for the same bundle and arguments. */

/** @returns whether the bundle has run, now or before */
export function runMethod(round: PromiseRound, run: BundleRun, callBundle: BundleCaller): boolean {
  const { context } = round;
  const called = round.attributes.get("usebundle")?.value ?? round.promise.promiser;
  const name = bundleName(called, round);
  const args = called.kind === "call" ? called.args.map((argument) => argumentValue(argument, context)) : [];
  const waiting = name === undefined || args.some((argument) => argument === undefined || isUnresolved(argument));
  if (waiting && context.pass < passes) return false;
  if (name === undefined || args.some((argument) => argument === undefined)) return false;
  const known = args.filter((argument) => argument !== undefined);
  const bundle = context.state.bundles.get(qualifiedName(name, context.bundle.namespace));
  if (bundle === undefined) return reportUndefined(name, called, context);
  const key = promiseIdentity("methods", run.scope, round);
  if (run.sink.done.has(key)) return true;
  run.sink.done.add(key);
  const inherits = isTrue(round, "inherit");
  const results = callBundle({
    bundle,
    args: known,
    depth: run.depth + 1,
    ...(inherits ? { inherited: run.classes } : {}),
  });
  storeResults(round, results);
  return true;
}

function bundleName(called: Value, round: PromiseRound): string | undefined {
  if (called.kind === "call") return called.name.text;
  if (called === round.promise.promiser) return round.promiser;
  const value = evaluateValue(called, round.context);
  return value?.kind === "scalar" ? value.text : undefined;
}

/** `@(list)` hands a list over whole, also when quoted; everything else as it evaluates. What stays unknown stays as written. */
function argumentValue(argument: Value, context: EvaluationContext): PolicyValue | undefined {
  const listName = argument.kind === "string" ? wholeListReference(argument.text) : undefined;
  const value =
    listName === undefined ? evaluateValue(argument, context) : resolveName(expandText(listName, context), context);
  return value ?? (context.pass < passes ? undefined : rawValue(argument));
}

function rawValue(argument: Value): PolicyValue | undefined {
  if (argument.kind === "string") return scalar(argument.text);
  return argument.kind === "variable" ? scalar(argument.raw) : undefined;
}

function reportUndefined(name: string, called: Value, context: EvaluationContext): boolean {
  if (called.kind === "name" || called.kind === "call") return false;
  const names = [...context.state.bundles.keys()].map((key) => key.replace(/^default:/, ""));
  const hint = closestWord(name, names);
  const message = `there is no bundle ${name} for this promise to run`;
  context.state.findings.add("POLICY_UNDEFINED_BUNDLE", called.position, message, hint === undefined ? {} : { hint });
  return false;
}

function isTrue(round: PromiseRound, name: string): boolean {
  const attribute = round.attributes.get(name);
  const value = attribute === undefined ? undefined : evaluateValue(attribute.value, round.context);
  return value?.kind === "scalar" && /^(?:true|yes|on)$/i.test(value.text);
}

function storeResults(round: PromiseRound, results: ReadonlyMap<string, string>): void {
  const attribute = round.attributes.get("useresult");
  const value = attribute === undefined ? undefined : evaluateValue(attribute.value, round.context);
  if (value?.kind !== "scalar") return;
  for (const [index, text] of results) {
    round.context.state.variables.set({ name: value.text, indices: [index] }, round.context.scope, scalar(text));
  }
}
