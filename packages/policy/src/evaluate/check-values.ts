import type { Severity, SourcePosition } from "@berth/model";
import { parseClassExpression } from "../class-expression/parse-class-expression.ts";
import { argumentProblem } from "../functions/argument-problem.ts";
import { functionTable, unavailableFunctions } from "../functions/function-table.ts";
import type { PolicyFunction } from "../functions/function-types.ts";
import { parseInteger, parseReal } from "../functions/number-text.ts";
import { attributeProblems } from "../guest-environments/attribute-problem.ts";
import { type GuestAttribute, guestAttribute } from "../guest-environments/guest-attributes.ts";
import type { Attribute, Body, Bundle, Call, PolicyFile, PolicyPromise, Value } from "../syntax/ast.ts";
import { closestWord } from "../syntax/closest-word.ts";
import { promiseAttributesOf } from "../syntax/language-names.ts";
import type { FindingList } from "./finding-list.ts";
import { scalar } from "./policy-value.ts";
import { hasReference } from "./text-template.ts";

/**
 * Checks what the texts of the policy say, before anything is evaluated and wherever they stand: a mistake under a guard
 * that does not hold on this host is a mistake too. Only what is literal can be checked here; what comes out of variables
 * is checked when it is known.
 */
export function checkValues(files: readonly PolicyFile[], findings: FindingList): void {
  for (const file of files) {
    for (const block of file.blocks) {
      if (block.kind === "bundle") checkBundle(block, findings);
      if (block.kind === "body") checkBody(block, findings);
    }
  }
}

function checkBundle(bundle: Bundle, findings: FindingList): void {
  for (const section of bundle.sections) {
    const type = section.promiseType.text;
    const shapes = promiseAttributesOf(type);
    for (const promise of section.promises) {
      for (const attribute of promise.attributes) {
        const shape = shapes?.get(attribute.name.text)?.shape;
        if (shape === "body" || shape === "bundle" || shapes === undefined) checkArguments(attribute.value, findings);
        else checkCalls(attribute.value, findings, 0);
        checkAttribute(type, attribute, findings);
      }
      if (type === "vars") checkVariablePromise(promise, findings);
      if (type === "guest_environments") checkGuestPromise(promise, findings);
    }
  }
}

/** A body or bundle with arguments is no function, but its arguments may be. */
function checkArguments(value: Value, findings: FindingList): void {
  if (value.kind === "call") for (const argument of value.args) checkCalls(argument, findings, 0);
}

function checkBody(body: Body, findings: FindingList): void {
  const place = placeOf(body.bodyType.text);
  for (const attribute of body.attributes) {
    const { text } = attribute.name;
    if (text === "inherit_from") checkArguments(attribute.value, findings);
    else if (text === "bundlesequence")
      for (const bundle of elementsOf(attribute.value)) checkArguments(bundle, findings);
    else checkCalls(attribute.value, findings, 0);
    const row = place === undefined ? undefined : guestAttribute(place, attribute.name.text);
    if (row !== undefined) checkRow(row, attribute.value, findings);
    if (attribute.name.text === "env_spec_file" && place === "environment_resources")
      warnOfOldName(attribute, findings);
  }
}

function elementsOf(value: Value): readonly Value[] {
  return value.kind === "list" ? value.elements : [value];
}

function placeOf(bodyType: string): GuestAttribute["place"] | undefined {
  return bodyType === "environment_resources" || bodyType === "environment_interface" || bodyType === "action"
    ? bodyType
    : undefined;
}

function warnOfOldName(attribute: Attribute, findings: FindingList): void {
  const message = "env_spec_file was renamed env_spec in CFEngine 3.3.0, which refuses the old name; write env_spec";
  findings.add("GUEST_RENAMED_ATTRIBUTE", attribute.position, message, {
    severity: "warning",
    hint: "env_spec",
    length: attribute.name.text.length,
  });
}

function checkAttribute(type: string, attribute: Attribute, findings: FindingList): void {
  const { name, value } = attribute;
  if (type === "guest_environments") {
    const row = guestAttribute("promise", name.text);
    if (row !== undefined) checkRow(row, value, findings);
  }
  if (type === "vars") checkNumbers(name.text, value, findings);
  const isCondition = name.text === "if" || name.text === "ifvarclass" || name.text === "unless";
  if (isCondition || (type === "classes" && (name.text === "expression" || name.text === "not"))) {
    checkExpression(value, isCondition ? "warning" : "error", findings);
  }
}

function checkRow(row: GuestAttribute, value: Value, findings: FindingList): void {
  if (value.kind !== "string" || hasReference(value.text)) return;
  for (const problem of attributeProblems(row, value.text)) {
    findings.add(problem.code, value.position, problem.message, problem);
  }
}

function checkNumbers(type: string, value: Value, findings: FindingList): void {
  if (value.kind === "list") {
    for (const element of value.elements) checkNumbers(type.replace("list", ""), element, findings);
    return;
  }
  if (value.kind !== "string" || hasReference(value.text) || value.text.startsWith("@")) return;
  const isInteger = type === "int" || type === "i";
  if (isInteger && parseInteger(value.text) === undefined) reportNumber("a whole number", value, findings);
  if ((type === "real" || type === "r") && parseReal(value.text) === undefined)
    reportNumber("a number", value, findings);
}

function reportNumber(
  wanted: string,
  value: { readonly text: string; readonly position: SourcePosition },
  findings: FindingList,
): void {
  findings.add("POLICY_TYPE_MISMATCH", value.position, `this must be ${wanted}, not ${JSON.stringify(value.text)}`);
}

/** `if` takes any text, as CFEngine does, and never holds for one that is no class expression: a warning, not an error. */
function checkExpression(value: Value, severity: Severity, findings: FindingList): void {
  if (value.kind !== "string" || hasReference(value.text)) return;
  const parsed = parseClassExpression(value.text);
  if (parsed.ok) return;
  const hint = parsed.error.hint === undefined ? {} : { hint: parsed.error.hint };
  findings.add(parsed.error.code, value.position, parsed.error.message, { severity, ...hint });
}

const variableTypes: ReadonlySet<string> = new Set(["string", "int", "real", "slist", "ilist", "rlist", "data"]);

function checkVariablePromise(promise: PolicyPromise, findings: FindingList): void {
  const typed = promise.attributes.filter((attribute) => variableTypes.has(attribute.name.text));
  const [first, second] = typed;
  if (first === undefined) {
    const message = `the variable ${promise.promiser.text} has no value; write string => "...", slist => { ... } or another type`;
    findings.add("POLICY_VARIABLE_WITHOUT_VALUE", promise.position, message, { severity: "warning" });
  } else if (second !== undefined && second.name.text !== first.name.text) {
    const message = `the variable ${promise.promiser.text} cannot be ${first.name.text} and ${second.name.text} at once`;
    findings.add("POLICY_TWO_TYPES", second.position, message);
  }
  for (const { value } of typed) {
    if (value.kind !== "name" || /^[-+]?\d+[kmgKMG]?$/.test(value.text)) continue;
    const message = "a text is written in quotes; without them this is the name of a body or a bundle";
    findings.add("POLICY_UNQUOTED_VALUE", value.position, message, { severity: "warning", hint: `"${value.text}"` });
  }
}

function checkGuestPromise(promise: PolicyPromise, findings: FindingList): void {
  if (!promise.attributes.some((attribute) => attribute.name.text === "environment_host")) {
    const message = `${JSON.stringify(promise.promiser.text)} does not say where it is to run: environment_host is missing`;
    findings.add("GUEST_HOST_MISSING", promise.position, message);
  }
}

/** Calls nest as deep as the parser lets them; beyond this they are reported when they are evaluated. */
const nestingMax = 64;

function checkCalls(value: Value, findings: FindingList, depth: number): void {
  if (depth > nestingMax) return;
  if (value.kind === "list") for (const element of value.elements) checkCalls(element, findings, depth + 1);
  if (value.kind !== "call") return;
  const called = functionTable.get(value.name.text);
  if (called === undefined) reportUnknown(value, findings);
  else checkCall(value, called, findings);
  for (const argument of value.args) checkCalls(argument, findings, depth + 1);
}

function reportUnknown(call: Call, findings: FindingList): void {
  const name = call.name.text;
  const length = name.length;
  if (unavailableFunctions.has(name)) {
    const message = `the function ${name} is CFEngine's and not available here: what depends on it stays unknown`;
    findings.add("POLICY_FUNCTION_NOT_AVAILABLE", call.position, message, { severity: "warning", length });
    return;
  }
  const hint = closestWord(name, [...functionTable.keys(), ...unavailableFunctions]);
  findings.add("POLICY_UNKNOWN_FUNCTION", call.position, `there is no function ${name}`, {
    length,
    ...(hint === undefined ? {} : { hint }),
  });
}

function checkCall(call: Call, called: PolicyFunction, findings: FindingList): void {
  const name = call.name.text;
  const most = called.variadic === true ? Number.POSITIVE_INFINITY : called.parameters.length;
  const least = called.parameters.length - (called.optional ?? 0);
  const given = call.args.length;
  if (given < least || given > most) {
    const names = called.parameters.map((parameter) => parameter.name).join(", ");
    const wanted =
      most === Number.POSITIVE_INFINITY ? `at least ${least}` : least === most ? String(most) : `${least} to ${most}`;
    const message = `${name} takes ${wanted} argument${wanted === "1" ? "" : "s"} (${names}), not ${given}`;
    findings.add("POLICY_ARGUMENT_COUNT", call.position, message, { length: name.length });
    return;
  }
  if (name === "ifelse" && given % 2 === 0) {
    const message = "ifelse takes an odd number of arguments: pairs of class and value, then the last value";
    findings.add("POLICY_ARGUMENT_COUNT", call.position, message, { length: name.length });
  }
  for (const [index, argument] of call.args.entries()) checkArgument(name, called, index, argument, findings);
}

function checkArgument(
  name: string,
  called: PolicyFunction,
  index: number,
  argument: Value,
  findings: FindingList,
): void {
  const parameter = called.parameters[Math.min(index, called.parameters.length - 1)];
  if (parameter === undefined || argument.kind !== "string" || hasReference(argument.text)) return;
  const problem = argumentProblem(parameter, scalar(argument.text));
  if (problem !== undefined) findings.add("POLICY_ARGUMENT_TYPE", argument.position, `${name}: ${problem}`);
}
