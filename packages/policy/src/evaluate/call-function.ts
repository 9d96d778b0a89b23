/**
 * Calls a function of the table with evaluated arguments. What stands in the policy (names, numbers of arguments, literal
 * words) was checked before; here only what becomes known by evaluation is. A call whose arguments still hold an unknown
 * variable waits for a later pass, as in CFEngine.
 */
import { argumentProblem } from "../functions/argument-problem.ts";
import { functionTable } from "../functions/function-table.ts";
import type { Argument, FunctionContext, FunctionResult, Parameter } from "../functions/function-types.ts";
import type { Call, Value } from "../syntax/ast.ts";
import { classHolds } from "./class-holds.ts";
import type { EvaluationContext } from "./evaluation-state.ts";
import { resolveName } from "./expand-text.ts";
import { withText } from "./named-texts.ts";
import { isUnresolved, type PolicyValue, scalar } from "./policy-value.ts";
import { hasReference } from "./text-template.ts";
import { parseVariableName } from "./variable-name.ts";

/** How a call evaluates its arguments, which may be calls in their turn. */
export type ValueEvaluator = (value: Value, context: EvaluationContext) => PolicyValue | undefined;

/** @returns what the function gives; `undefined` where there is no result (yet) */
export function callFunction(call: Call, context: EvaluationContext, evaluate: ValueEvaluator): FunctionResult {
  const called = functionTable.get(call.name.text);
  if (called === undefined || !context.state.budget.takeSteps(1)) return undefined;
  const args: Argument[] = [];
  for (const [index, source] of call.args.entries()) {
    const parameter = called.parameters[Math.min(index, called.parameters.length - 1)];
    const value = parameter?.type === "lazy" ? scalar("") : evaluate(source, context);
    if (value === undefined) return undefined;
    if (called.takesUnresolved !== true && isUnknown(value)) return undefined;
    const argument = { text: value.kind === "scalar" ? value.text : "", value, position: source.position, source };
    if (parameter !== undefined && !fits(parameter, argument, call.name.text, context)) return undefined;
    args.push(argument);
  }
  return called.apply(args, functionContext(context, evaluate), call.position);
}

/** A text with `@(list)` in it is a text like any other to a function, as observed; one with `$(x)` is worth waiting for. */
function isUnknown(value: PolicyValue): boolean {
  return value.kind === "scalar" ? hasReference(value.text) : isUnresolved(value);
}

/** Checks an argument once its text is known. */
function fits(parameter: Parameter, argument: Argument, name: string, context: EvaluationContext): boolean {
  const problem = argumentProblem(parameter, argument.value);
  if (problem === undefined) return true;
  context.state.findings.add("POLICY_ARGUMENT_TYPE", argument.position, `${name}: ${problem}`);
  return false;
}

/** A step of a pattern costs a small part of a promise's. */
const patternStepsPerStep = 30;

function functionContext(context: EvaluationContext, evaluate: ValueEvaluator): FunctionContext {
  const { state } = context;
  /** A variable asked for by name is meant whole, also where `$(name)` is being run through. */
  const byName = context.bindings === undefined ? context : { ...context, bindings: undefined };
  return {
    facts: state.facts,
    world: state.world,
    allowCommands: state.allowCommands,
    holds: (expression, position) => classHolds(expression, context, position),
    classNames: () => [...state.classes.all(), ...context.classes.names()],
    variable: (name) => resolveName(name, byName),
    arrayElements: (name) => state.variables.elements(parseVariableName(name), context.scope),
    variableNames: () => [...state.variables.all()].map(([name]) => name),
    bundleNames: () => [...state.bundles.keys()],
    expandLazily: (source, item) => expandLazily(source, item, context, evaluate),
    spend: (patternSteps) => void state.budget.takeSteps(Math.ceil(patternSteps / patternStepsPerStep)),
    fail: (code, message, position, severity = "error") => state.findings.add(code, position, message, { severity }),
  };
}

function expandLazily(
  source: Value,
  item: string | undefined,
  context: EvaluationContext,
  evaluate: ValueEvaluator,
): string | undefined {
  if (!context.state.budget.takeSteps(1)) return undefined;
  const specials = item === undefined ? context.specials : withText(context.specials, "this", item);
  const value = evaluate(source, { ...context, specials });
  return value?.kind === "scalar" ? value.text : undefined;
}
