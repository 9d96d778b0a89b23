import type { FunctionResult } from "../functions/function-types.ts";
import type { Call, ListLiteral, Value } from "../syntax/ast.ts";
import { callFunction } from "./call-function.ts";
import { evaluationLimits } from "./evaluation-budget.ts";
import type { EvaluationContext } from "./evaluation-state.ts";
import { expandText, resolveName } from "./expand-text.ts";
import { isUnresolved, itemsOf, list, type PolicyValue, scalar } from "./policy-value.ts";
import { wholeListReference } from "./text-template.ts";

/**
 * A right side becomes a value: strings are expanded, lists are put together with `@(other)` spliced in, calls are made.
 * `undefined` means "not known (yet)": a later pass may know.
 */
export function evaluateValue(value: Value, context: EvaluationContext, depth = 0): PolicyValue | undefined {
  switch (value.kind) {
    case "string":
      return scalar(expandText(value.text, context));
    case "name":
      return scalar(value.text);
    case "variable":
      return value.sigil === "$"
        ? scalar(expandText(value.raw, context))
        : resolveName(expandText(value.name, context), context);
    case "list":
      return evaluateList(value, context, depth);
    case "call":
      return answerAsText(evaluateCall(value, context, depth));
  }
}

/** Makes a call whose answer may be yes or no. */
export function evaluateCall(call: Call, context: EvaluationContext, depth = 0): FunctionResult {
  if (!withinDepth(call, context, depth)) return undefined;
  return callFunction(call, context, (value, inner) => evaluateValue(value, inner, depth + 1));
}

function withinDepth(value: Value, context: EvaluationContext, depth: number): boolean {
  if (depth < evaluationLimits.callDepth) return true;
  const message = `calls nest deeper than ${evaluationLimits.callDepth}; put an inner one into a variable`;
  context.state.findings.add("POLICY_CALLS_TOO_DEEP", value.position, message);
  return false;
}

/** The answer of a question used as text, as CFEngine writes it. */
function answerAsText(result: PolicyValue | boolean | undefined): PolicyValue | undefined {
  return typeof result === "boolean" ? scalar(result ? "any" : "!any") : result;
}

function evaluateList(literal: ListLiteral, context: EvaluationContext, depth: number): PolicyValue | undefined {
  const items: string[] = [];
  for (const element of literal.elements) {
    const texts = element.kind === "list" ? undefined : elementTexts(element, context, depth);
    if (texts === undefined) return undefined;
    for (const text of texts) items.push(text);
    if (items.length > evaluationLimits.iterationsPerPromise) return tooLong(literal, context);
  }
  return list(items);
}

function tooLong(literal: ListLiteral, context: EvaluationContext): undefined {
  const message = `this list has more than ${evaluationLimits.iterationsPerPromise} items`;
  context.state.findings.add("POLICY_LIST_TOO_LONG", literal.position, message);
  return undefined;
}

/** What one element adds: a list in `@(list)` or from a call adds its items; an unknown `@(list)` stays an element. */
function elementTexts(element: Value, context: EvaluationContext, depth: number): readonly string[] | undefined {
  const listName = listReference(element);
  if (listName !== undefined) {
    const found = resolveName(expandText(listName, context), context);
    if (found === undefined) return [rawText(element)];
    if (found.kind === "scalar" && isUnresolved(found)) return [found.text];
    return found.kind === "list" ? found.items : notList(listName, found, element, context);
  }
  const value = evaluateValue(element, context, depth);
  return value === undefined ? undefined : textsIn(value);
}

/** As observed: CFEngine warns and leaves the element out. */
function notList(name: string, found: PolicyValue, element: Value, context: EvaluationContext): readonly string[] {
  const message = `@(${name}) is no list but ${found.kind === "data" ? "a container" : "a text"}: it adds nothing here`;
  const hint = found.kind === "data" ? `getvalues("${name}")` : `"$(${name})"`;
  context.state.findings.add("POLICY_NOT_A_LIST", element.position, message, { severity: "warning", hint });
  return [];
}

function listReference(element: Value): string | undefined {
  if (element.kind === "variable") return element.sigil === "@" ? element.name : undefined;
  return element.kind === "string" ? wholeListReference(element.text) : undefined;
}

function rawText(element: Value): string {
  return element.kind === "variable" ? element.raw : element.kind === "string" ? element.text : "";
}

function textsIn(value: PolicyValue): readonly string[] {
  return value.kind === "scalar" ? [value.text] : (itemsOf(value) ?? []);
}
