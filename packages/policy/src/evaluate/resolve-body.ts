import type { Attribute, Body, Value } from "../syntax/ast.ts";
import { classHolds } from "./class-holds.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { evaluationLimits } from "./evaluation-budget.ts";
import { type EvaluationContext, qualifiedName } from "./evaluation-state.ts";
import { expandText } from "./expand-text.ts";
import { type PolicyValue, scalar } from "./policy-value.ts";

/**
 * A promise that names a body has that body's attributes. Which ones, depends on the classes; what their texts mean, on
 * the arguments. A body that inherits starts from its parent's attributes and replaces those it has itself.
 */
export interface ResolvedBody {
  readonly body: Body;
  readonly attributes: ReadonlyMap<string, ResolvedAttribute>;
}

/** An attribute of a body with the context in which its text is to be looked at. */
export interface ResolvedAttribute {
  readonly attribute: Attribute;
  readonly context: EvaluationContext;
}

/**
 * @param type the attribute's name, which is the body's type
 * @param value the attribute's right side: a name or a call
 * @returns undefined where there is no such body, which the checks of the whole policy report
 */
export function resolveBody(
  type: string,
  value: Value,
  context: EvaluationContext,
  depth = 0,
): ResolvedBody | undefined {
  const body = findBody(type, value, context);
  if (body === undefined) return undefined;
  const parameters = bodyParameters(body, value, context);
  const inner: EvaluationContext = { ...context, parameters };
  const attributes = new Map<string, ResolvedAttribute>(inherited(type, body, inner, depth));
  for (const attribute of body.attributes) {
    if (attribute.name.text !== "inherit_from" && bodyGuardHolds(attribute, inner)) {
      attributes.set(attribute.name.text, { attribute, context: inner });
    }
  }
  return { body, attributes };
}

function findBody(type: string, value: Value, context: EvaluationContext): Body | undefined {
  const name = value.kind === "call" ? value.name.text : value.kind === "name" ? value.text : textOf(value, context);
  return context.state.bodies.get(`${type} ${qualifiedName(name, context.bundle.namespace)}`);
}

/** A body may be named by a string too, where its name is put together from variables. */
function textOf(value: Value, context: EvaluationContext): string {
  const evaluated = evaluateValue(value, context);
  return evaluated?.kind === "scalar" ? evaluated.text : "";
}

function bodyParameters(body: Body, value: Value, context: EvaluationContext): ReadonlyMap<string, PolicyValue> {
  const args = value.kind === "call" ? value.args : [];
  return new Map(
    body.parameters.flatMap((parameter, index) => {
      const argument = args[index];
      if (argument === undefined) return [];
      return [[parameter.text, evaluateValue(argument, context) ?? scalar(rawText(argument))] as const];
    }),
  );
}

/** An argument that is not known (yet) stays as it is written. */
function rawText(argument: Value): string {
  return argument.kind === "variable" || argument.kind === "string" ? argument.raw : "";
}

function inherited(
  type: string,
  body: Body,
  context: EvaluationContext,
  depth: number,
): ReadonlyMap<string, ResolvedAttribute> {
  const parent = body.attributes
    .filter((each) => each.name.text === "inherit_from" && bodyGuardHolds(each, context))
    .at(-1);
  if (parent === undefined) return new Map();
  if (depth >= evaluationLimits.inheritDepth) {
    const message = `body ${type} ${body.name.text} inherits through more than ${evaluationLimits.inheritDepth} bodies; the bodies lead in a circle`;
    context.state.findings.add("POLICY_INHERITANCE_TOO_DEEP", parent.position, message);
    return new Map();
  }
  return resolveBody(type, parent.value, context, depth + 1)?.attributes ?? new Map();
}

/** Whether an attribute of a body counts here. */
export function bodyGuardHolds(attribute: Attribute, context: EvaluationContext): boolean {
  const { guard } = attribute;
  return guard === undefined || classHolds(expandText(guard.text, context), context, guard.position);
}
