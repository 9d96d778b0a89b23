import type { SourcePosition } from "@berth/model";
import { evaluateClassExpression } from "../class-expression/class-expression.ts";
import { classExpressionDiagnostic } from "../class-expression/parse-class-expression.ts";
import { functionTable } from "../functions/function-table.ts";
import type { Argument, FunctionContext, FunctionResult, Parameter } from "../functions/function-types.ts";
import { parseInteger } from "../functions/number-text.ts";
import type { Call, Value } from "../syntax/ast.ts";
import { evaluateValue, isUnresolved } from "./evaluate-value.ts";
import type { EvaluationContext } from "./evaluation-state.ts";
import { resolveName } from "./expand-text.ts";
import { type PolicyValue, scalar } from "./policy-value.ts";
import { parseVariableName } from "./variable-name.ts";

/**
 * Calls a function of the table with evaluated arguments. What stands in the policy (names, numbers of arguments, literal
 * words) was checked before; here only what becomes known by evaluation is. A call whose arguments still hold an unknown
 * variable waits for a later pass, as in CFEngine.
 */
export function callFunction(call: Call, context: EvaluationContext, depth: number): FunctionResult {
  const called = functionTable.get(call.name.text);
  if (called === undefined || !context.state.budget.takeSteps(1)) return undefined;
  const args: Argument[] = [];
  for (const [index, source] of call.args.entries()) {
    const parameter = called.parameters[Math.min(index, called.parameters.length - 1)];
    const value =
      parameter?.type === "lazy" && call.name.text !== "ifelse" ? scalar("") : evaluateValue(source, context, depth);
    if (value === undefined) return undefined;
    if (!called.takesUnresolved && isUnresolved(value)) return undefined;
    const argument = { text: value.kind === "scalar" ? value.text : "", value, position: source.position, source };
    if (parameter !== undefined && !fits(parameter, argument, call.name.text, context)) return undefined;
    args.push(argument);
  }
  return called.apply(args, functionContext(context, depth), call.position);
}

/** Checks an argument once its text is known. */
function fits(parameter: Parameter, argument: Argument, name: string, context: EvaluationContext): boolean {
  const problem = argumentProblem(parameter, argument.value);
  if (problem === undefined) return true;
  context.state.findings.add("POLICY_ARGUMENT_TYPE", argument.position, `${name}: ${problem}`);
  return false;
}

/** What is wrong with a value for a parameter; `undefined` where nothing is. */
export function argumentProblem(parameter: Parameter, value: PolicyValue): string | undefined {
  if (value.kind !== "scalar")
    return takesCollections(parameter) ? undefined : `${parameter.name} must be a text, not a list`;
  if (parameter.options !== undefined && !parameter.options.includes(value.text)) {
    return `${parameter.name} must be one of ${parameter.options.join(", ")}, not ${JSON.stringify(value.text)}`;
  }
  if (parameter.type === "int" && parseInteger(value.text) === undefined) {
    return `${parameter.name} must be a whole number, not ${JSON.stringify(value.text)}`;
  }
  if (parameter.type === "path" && !value.text.startsWith("/")) {
    return `${parameter.name} must be an absolute path, not ${JSON.stringify(value.text)}`;
  }
  return undefined;
}

function takesCollections(parameter: Parameter): boolean {
  return (
    parameter.type === "list" || parameter.type === "lazy" || parameter.name === "string" || parameter.name === "value"
  );
}

/** Whether a class expression holds in a context. A text that is none does not, and is reported at `position`. */
export function classHolds(text: string, context: EvaluationContext, position: SourcePosition): boolean {
  const parsed = context.state.expression(text);
  if (!parsed.ok) {
    const diagnostic = classExpressionDiagnostic(parsed.error, position);
    context.state.findings.addDiagnostic({ ...diagnostic, position, severity: "warning" });
    return false;
  }
  const { classes } = context.state;
  return evaluateClassExpression(parsed.expression, (name) =>
    classes.isSet(name, context.bundle.namespace, context.classes),
  );
}

/** A step of a pattern costs about a hundredth of a promise's. */
const patternStepsPerStep = 100;

function functionContext(context: EvaluationContext, depth: number): FunctionContext {
  const { state } = context;
  return {
    facts: state.facts,
    world: state.world,
    allowCommands: state.allowCommands,
    holds: (expression, position) => classHolds(expression, context, position),
    classNames: () => [...state.classes.all(), ...context.classes.names()],
    variable: (name) => resolveName(name, context),
    arrayElements: (name) => state.variables.elements(parseVariableName(name), context.scope),
    variableNames: () => [...state.variables.all()].map(([name]) => name),
    bundleNames: () => [...state.bundles.keys()],
    expandLazily: (source, specials) => expandLazily(source, specials, context, depth),
    spend: (patternSteps) => void state.budget.takeSteps(Math.ceil(patternSteps / patternStepsPerStep)),
    fail: (code, message, position, severity = "error") => state.findings.add(code, position, message, { severity }),
  };
}

function expandLazily(
  source: Value,
  specials: ReadonlyMap<string, string>,
  context: EvaluationContext,
  depth: number,
): string | undefined {
  if (!context.state.budget.takeSteps(1)) return undefined;
  const value = evaluateValue(source, { ...context, specials: new Map([...context.specials, ...specials]) }, depth);
  return value?.kind === "scalar" ? value.text : undefined;
}
