import type { SourcePosition } from "@berth/model";
import { classExpressionDiagnostic, parseClassExpression } from "../class-expression/parse-class-expression.ts";
import { parseInteger, parseReal } from "../functions/number-text.ts";
import { attributeProblems } from "../guest-environments/attribute-problem.ts";
import { type GuestAttribute, guestAttribute } from "../guest-environments/guest-attributes.ts";
import { definitionAndSize, sizeAttributes, suspendedNetwork } from "../guest-environments/guest-combinations.ts";
import type { Attribute, Body, Bundle, PolicyFile, PolicyPromise, Value } from "../syntax/ast.ts";
import { closestWord } from "../syntax/closest-word.ts";
import { promiseAttributesOf } from "../syntax/language-names.ts";
import { positionInString } from "../syntax/parse-string.ts";
import { checkCalls } from "./check-calls.ts";
import type { FindingList } from "./finding-list.ts";
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
        else checkCalls(attribute.value, findings);
        checkAttribute(type, attribute, findings);
      }
      if (type === "vars") checkVariablePromise(promise, findings);
      if (type === "guest_environments") checkGuestPromise(promise, findings);
    }
  }
}

/** A body or bundle with arguments is no function, but its arguments may be. */
function checkArguments(value: Value, findings: FindingList): void {
  if (value.kind === "call") for (const argument of value.args) checkCalls(argument, findings);
}

function checkBody(body: Body, findings: FindingList): void {
  const place = placeOf(body.bodyType.text);
  if (place === "environment_resources") checkSizes(body, findings);
  for (const attribute of body.attributes) {
    const { text } = attribute.name;
    if (text === "inherit_from") checkArguments(attribute.value, findings);
    else if (text === "bundlesequence")
      for (const bundle of elementsOf(attribute.value)) checkArguments(bundle, findings);
    else checkCalls(attribute.value, findings);
    const row = place === undefined ? undefined : guestAttribute(place, attribute.name.text);
    if (row !== undefined) checkRow(row, attribute.value, findings);
    if (attribute.name.text === "env_spec_file" && place === "environment_resources")
      warnOfOldName(attribute, findings);
  }
}

/** Literal combinations under one guard; what comes together by inheritance is seen when it is evaluated. */
function checkSizes(body: Body, findings: FindingList): void {
  for (const definition of body.attributes.filter(({ name }) => /^env_spec(?:_file)?$/.test(name.text))) {
    for (const size of body.attributes) {
      const isSize = (sizeAttributes as readonly string[]).includes(size.name.text);
      if (!isSize || size.guard?.text !== definition.guard?.text) continue;
      const { code, message, extras } = definitionAndSize(size, definition);
      findings.add(code, size.position, message, extras);
    }
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
  if (type === "classes" && name.text === "dist") checkNumbers("rlist", value, findings);
  if (holdsClasses(type, name.text)) for (const element of elementsOf(value)) checkExpression(element, findings);
  checkOption(`${type} ${name.text}`, value, findings);
}

const conditionNames: ReadonlySet<string> = new Set(["if", "ifvarclass", "unless"]);
const classAttributes: ReadonlySet<string> = new Set(["expression", "not", "and", "or", "xor", "select_class"]);

/** Whether an attribute's texts are class expressions. */
function holdsClasses(type: string, name: string): boolean {
  return conditionNames.has(name) || (type === "classes" && classAttributes.has(name));
}

const booleans = ["true", "false", "yes", "no", "on", "off"];

/** Attributes of promises that evaluation uses and that take one word of a few. */
const options: Readonly<Record<string, readonly string[]>> = {
  "vars policy": ["free", "overridable", "constant", "ifdefined"],
  "classes scope": ["namespace", "bundle"],
  "methods inherit": booleans,
};

function checkOption(key: string, value: Value, findings: FindingList): void {
  const words = Object.hasOwn(options, key) ? options[key] : undefined;
  if (words === undefined || value.kind !== "string" || hasReference(value.text) || words.includes(value.text)) return;
  const hint = closestWord(value.text, words);
  const message = `this must be one of ${words.join(", ")}, not ${JSON.stringify(value.text)}`;
  findings.add("POLICY_UNKNOWN_OPTION", value.position, message, hint === undefined ? {} : { hint });
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

/** CFEngine takes some texts that are no class expression and never finds them to hold: here they are errors. */
function checkExpression(value: Value, findings: FindingList): void {
  if (value.kind !== "string" || hasReference(value.text) || value.text.startsWith("@")) return;
  const parsed = parseClassExpression(value.text);
  if (parsed.ok) return;
  findings.addDiagnostic(
    classExpressionDiagnostic({ ...parsed.error, index: 0 }, positionInString(value, parsed.error.index)),
  );
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
  const literal = (name: string) => promise.attributes.find((attribute) => attribute.name.text === name)?.value;
  const [type, state] = [literal("environment_type"), literal("environment_state")];
  const suspended =
    type?.kind === "string" && state?.kind === "string" ? suspendedNetwork(type.text, state.text) : undefined;
  if (suspended !== undefined && state !== undefined) {
    findings.add(suspended.code, state.position, suspended.message, suspended.extras);
  }
  if (!promise.attributes.some((attribute) => attribute.name.text === "environment_host")) {
    const message = `${JSON.stringify(promise.promiser.text)} does not say where it is to run: environment_host is missing`;
    findings.add("GUEST_HOST_MISSING", promise.position, message);
  }
}
