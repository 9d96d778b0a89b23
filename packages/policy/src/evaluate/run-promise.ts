import type { Attribute, PolicyPromise, Value } from "../syntax/ast.ts";
import { classHolds } from "./class-holds.ts";
import { evaluateCall, evaluateValue } from "./evaluate-value.ts";
import { type EvaluationContext, passes } from "./evaluation-state.ts";
import { expandText } from "./expand-text.ts";
import { iterate, ReferenceCollector } from "./iterate.ts";
import { withText } from "./named-texts.ts";
import { resolveBody } from "./resolve-body.ts";
import { hasReference } from "./text-template.ts";

/** One round of a promise: guard and conditions hold, and every list it mentions stands at one item. */
export interface PromiseRound {
  readonly promise: PolicyPromise;
  /** The promiser, expanded. */
  readonly promiser: string;
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly context: EvaluationContext;
}

/** Attributes whose right side names a body of the same type. */
export type BodyAttributes = ReadonlySet<string>;

/**
 * Takes a promise through its guard, its iteration and its conditions, and hands each round that remains to `act`.
 *
 * @param bodies which attributes name bodies, so that lists inside those bodies iterate the promise too
 */
export function runPromise(
  promise: PolicyPromise,
  context: EvaluationContext,
  bodies: BodyAttributes,
  act: (round: PromiseRound) => void,
): void {
  if (!plainGuardHolds(promise, context)) return;
  const attributes = new Map(promise.attributes.map((attribute) => [attribute.name.text, attribute]));
  const plan = collect(promise, context, bodies).plan();
  iterate(plan, context, promise.position, (roundContext) => {
    if (!context.state.budget.takeSteps(1)) return;
    runRound(promise, attributes, roundContext, act);
  });
}

/** A guard without variables decides before anything else is looked at. */
function plainGuardHolds(promise: PolicyPromise, context: EvaluationContext): boolean {
  const { guard } = promise;
  if (guard === undefined || hasReference(guard.text)) return true;
  return classHolds(guard.text, context, guard.position);
}

function collect(promise: PolicyPromise, context: EvaluationContext, bodies: BodyAttributes): ReferenceCollector {
  const collector = new ReferenceCollector();
  if (promise.guard !== undefined) collector.addText(promise.guard.text, context);
  collector.addText(promise.promiser.text, context);
  for (const attribute of promise.attributes) {
    collector.addValue(attribute.value, context);
    if (bodies.has(attribute.name.text)) collectBody(attribute, context, collector);
  }
  return collector;
}

function collectBody(attribute: Attribute, context: EvaluationContext, collector: ReferenceCollector): void {
  const resolved = resolveBody(attribute.name.text, attribute.value, context);
  for (const inner of resolved?.attributes.values() ?? []) collector.addValue(inner.attribute.value, inner.context);
}

function runRound(
  promise: PolicyPromise,
  attributes: ReadonlyMap<string, Attribute>,
  context: EvaluationContext,
  act: (round: PromiseRound) => void,
): void {
  const { guard } = promise;
  if (guard !== undefined && hasReference(guard.text)) {
    const text = expandText(guard.text, context);
    if (hasReference(text) || !classHolds(text, context, guard.position)) return;
  }
  const withText = attributes.get("with");
  const withValue = withText === undefined ? undefined : scalarText(withText.value, context);
  const placed = withSpecial(context, "this.promise_linenumber", String(promise.position.line));
  const outer = withValue === undefined ? placed : withSpecial(placed, "with", withValue);
  const promiser = expandText(promise.promiser.text, outer);
  const inner = withSpecial(outer, "this.promiser", promiser);
  if (conditionsHold(attributes, inner)) act({ promise, promiser, attributes, context: inner });
}

function withSpecial(context: EvaluationContext, name: string, text: string): EvaluationContext {
  return { ...context, specials: withText(context.specials, name, text) };
}

function scalarText(value: Value, context: EvaluationContext): string | undefined {
  const evaluated = evaluateValue(value, context);
  return evaluated?.kind === "scalar" ? evaluated.text : undefined;
}

/**
 * `if` (and its old name `ifvarclass`) and `unless`. As observed: an unknown variable makes `if` fail, and makes `unless`
 * wait for the last pass and hold then.
 */
function conditionsHold(attributes: ReadonlyMap<string, Attribute>, context: EvaluationContext): boolean {
  const condition = attributes.get("if") ?? attributes.get("ifvarclass");
  if (condition !== undefined && conditionAnswer(condition.value, context) !== true) return false;
  const exception = attributes.get("unless");
  if (exception === undefined) return true;
  const answer = conditionAnswer(exception.value, context);
  return answer === undefined ? context.pass === passes : !answer;
}

/** Whether a class expression or a call on a right side holds; `undefined` where a variable in it is not known. */
export function conditionAnswer(value: Value, context: EvaluationContext): boolean | undefined {
  const result = value.kind === "call" ? evaluateCall(value, context) : evaluateValue(value, context);
  if (result === undefined || typeof result === "boolean") return result;
  if (result.kind !== "scalar" || hasReference(result.text)) return undefined;
  return classHolds(result.text, context, value.position);
}
