/**
 * When two promises are the same one. CFEngine carries a promise out once in a run, and takes two for the same where they
 * stand in the same bundle and say the same, attribute by attribute, with all variables filled in. A guard counts only where it holds variables.
 */
import type { Value } from "../syntax/ast.ts";
import { evaluateValue } from "./evaluate-value.ts";
import type { EvaluationContext } from "./evaluation-state.ts";
import { expandText } from "./expand-text.ts";
import { printValue } from "./policy-value.ts";
import type { PromiseRound } from "./run-promise.ts";
import { hasReference } from "./text-template.ts";

/** A text that two rounds share where they are the same promise of one type. */
export function promiseIdentity(type: string, scope: string, round: PromiseRound): string {
  const { context, promise } = round;
  const guard =
    promise.guard !== undefined && hasReference(promise.guard.text) ? expandText(promise.guard.text, context) : "";
  const attributes = [...round.attributes].map(([name, { value }]) => `${name}=${valueIdentity(value, context)}`);
  return [type, scope, guard, round.promiser, ...attributes].join("\u0000");
}

/** Names of bodies and bundles count with their arguments, everything else as it evaluates. */
function valueIdentity(value: Value, context: EvaluationContext): string {
  if (value.kind === "name") return value.text;
  const evaluated = evaluateValue(value, context);
  if (evaluated !== undefined) return printValue(evaluated);
  if (value.kind !== "call") return "";
  return `${value.name.text}(${value.args.map((argument) => valueIdentity(argument, context)).join(",")})`;
}
