import type { BundleRun } from "./bundle-run.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { passes } from "./evaluation-state.ts";
import { expandText, resolveName } from "./expand-text.ts";
import { promiseIdentity } from "./promise-identity.ts";
import type { PromiseRound } from "./run-promise.ts";
import { hasReference, type Template } from "./text-template.ts";

/**
 * A `reports` promise prints its promiser, once. As observed: a text with an unknown variable waits for the last pass and
 * is printed as it is then, unless the unknown one's name has holes itself (`$(size[$(host)])`), then it is not printed.
 */

/** @returns whether the report was made, now or before */
export function runReport(round: PromiseRound, run: BundleRun): boolean {
  const { context } = round;
  const expanded = round.promiser;
  if (isUnknownIn(expanded) && (context.pass < passes || hasUnknownNested(round))) return false;
  const index = round.attributes.get("bundle_return_value_index");
  if (index !== undefined) {
    const value = evaluateValue(index.value, context);
    if (value?.kind === "scalar") run.results.set(value.text, expanded);
    return true;
  }
  const key = promiseIdentity("reports", run.scope, round);
  if (run.sink.done.has(key)) return true;
  run.sink.done.add(key);
  run.sink.reports.push(expanded);
  return true;
}

function isUnknownIn(text: string): boolean {
  return hasReference(text) || /@[({][\w.:]+[)}]/.test(text);
}

function hasUnknownNested(round: PromiseRound): boolean {
  const { context, promise } = round;
  const isUnknown = (template: Template): boolean =>
    template.parts.some(
      (part) =>
        typeof part !== "string" &&
        !part.name.plain &&
        resolveName(expandText(part.name.text, context), context) === undefined,
    );
  return isUnknown(context.state.template(promise.promiser.text));
}
