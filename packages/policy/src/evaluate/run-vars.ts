import { parseInteger, parseReal, printInteger, printReal } from "../functions/number-text.ts";
import type { Attribute } from "../syntax/ast.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { expandText, resolveName } from "./expand-text.ts";
import { parseJson } from "./json-value.ts";
import { data, isUnresolved, list, type PolicyType, type PolicyValue, scalar } from "./policy-value.ts";
import type { PromiseRound } from "./run-promise.ts";
import { hasReference, wholeListReference } from "./text-template.ts";
import { isLegalVariableName, parseVariableName } from "./variable-name.ts";

/** A `vars` promise defines a variable of the type that its attribute names. */

const types: readonly PolicyType[] = ["string", "int", "real", "slist", "ilist", "rlist", "data"];

/** The attribute of a `vars` promise that holds its value. */
export function valueAttribute(attributes: ReadonlyMap<string, Attribute>): [PolicyType, Attribute] | undefined {
  for (const type of types) {
    const attribute = attributes.get(type);
    if (attribute !== undefined) return [type, attribute];
  }
  return undefined;
}

/** Defines the variable, or reports why it cannot be. @param scope the qualified bundle that it belongs to */
export function runVariable(round: PromiseRound, scope: string): void {
  const { context, promiser, promise } = round;
  const typed = valueAttribute(round.attributes);
  if (typed === undefined || hasReference(promiser)) return;
  if (!isLegalVariableName(promiser)) {
    context.state.findings.add(
      "POLICY_INVALID_VARIABLE_NAME",
      promise.position,
      `${JSON.stringify(promiser)} cannot be a variable's name`,
      {
        hint: promiser.replace(/[^a-zA-Z0-9_]/g, "_"),
      },
    );
    return;
  }
  const name = parseVariableName(promiser);
  const policy = redefinitionPolicy(round);
  const earlier = context.state.variables.find(name, scope);
  if (policy === "constant" && earlier !== undefined && !isUnresolved(earlier)) return;
  const [type, attribute] = typed;
  const value = typedValue(type, attribute, round);
  if (value === undefined) return;
  context.state.variables.set(name, scope, policy === "ifdefined" ? withoutUnknownLists(value) : value);
}

/** `free`, the default, replaces; `constant` keeps the first value; `ifdefined` leaves out lists that nobody defined. */
function redefinitionPolicy(round: PromiseRound): string {
  const policy = round.attributes.get("policy");
  const value = policy === undefined ? undefined : evaluateValue(policy.value, round.context);
  return value?.kind === "scalar" ? value.text : "free";
}

function withoutUnknownLists(value: PolicyValue): PolicyValue {
  if (value.kind !== "list") return value;
  return list(
    value.items.filter((item) => wholeListReference(item) === undefined),
    value.type,
  );
}

function typedValue(type: PolicyType, attribute: Attribute, round: PromiseRound): PolicyValue | undefined {
  const { context } = round;
  const { value } = attribute;
  if (type === "data") return dataValue(attribute, round);
  const evaluated = evaluateValue(value, context);
  if (evaluated === undefined) return undefined;
  if (type === "string" || type === "int" || type === "real") {
    return evaluated.kind === "scalar"
      ? scalarOf(type, evaluated.text, attribute, round)
      : mismatch(type, attribute, round);
  }
  if (evaluated.kind === "scalar") return mismatch(type, attribute, round);
  return evaluated.kind === "list" ? list(evaluated.items, type) : mismatch(type, attribute, round);
}

function mismatch(type: PolicyType, attribute: Attribute, round: PromiseRound): undefined {
  const message = `${round.promiser} is promised to be a ${type}, and this gives ${isListType(type) ? "no list" : "a list or container"}`;
  round.context.state.findings.add("POLICY_TYPE_MISMATCH", attribute.value.position, message);
  return undefined;
}

function isListType(type: PolicyType): boolean {
  return type === "slist" || type === "ilist" || type === "rlist";
}

/** Numbers are stored as CFEngine prints them: `1k` is `1000`, the real `1.5` is `1.500000`. */
function scalarOf(
  type: "string" | "int" | "real",
  text: string,
  attribute: Attribute,
  round: PromiseRound,
): PolicyValue | undefined {
  if (type === "string" || hasReference(text)) return scalar(text, type);
  const number = type === "int" ? parseInteger(text)?.value : parseReal(text);
  if (number !== undefined) {
    if (!Number.isFinite(number)) return scalar(text, type);
    return scalar(type === "int" ? printInteger(number) : printReal(number), type);
  }
  const message = `${round.promiser} is promised to be ${type === "int" ? "a whole number" : "a number"}, not ${JSON.stringify(text)}`;
  round.context.state.findings.add("POLICY_TYPE_MISMATCH", attribute.value.position, message);
  return undefined;
}

function dataValue(attribute: Attribute, round: PromiseRound): PolicyValue | undefined {
  const { context } = round;
  const { value } = attribute;
  if (value.kind === "variable" && value.sigil === "@") {
    const found = resolveName(expandText(value.name, context), context);
    return found?.kind === "list" ? data([...found.items]) : found?.kind === "data" ? found : undefined;
  }
  const evaluated = evaluateValue(value, context);
  if (evaluated === undefined || evaluated.kind === "data") return evaluated;
  if (evaluated.kind === "list") return data([...evaluated.items]);
  if (hasReference(evaluated.text)) return undefined;
  const parsed = parseJson(evaluated.text);
  if (parsed.ok) return data(parsed.value);
  context.state.findings.add("POLICY_INVALID_JSON", value.position, `${round.promiser}: ${parsed.error}`);
  return undefined;
}
