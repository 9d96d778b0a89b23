/** Whether the bodies and bundles that a block uses exist, and get as many arguments as they take. */
import type { Diagnostic, SourcePosition } from "@berth/model";
import type { Attribute, Body, Bundle, Identifier, Value } from "./ast.ts";
import { type CheckFindings, candidatesMax } from "./check-findings.ts";
import { closestWord } from "./closest-word.ts";
import { bodyKey, type Definitions, qualifiedName } from "./definitions.ts";
import { type AttributeTable, bodyAttributesOf, bodyTypes, promiseAttributesOf } from "./language-names.ts";

/** A name that is used, with the arguments it gets. */
interface Reference {
  readonly name: string;
  readonly position: SourcePosition;
  readonly argumentCount: number;
}

/** Adds one finding for every unknown name and every wrong number of arguments in the block. */
export function checkReferences(block: Bundle | Body, definitions: Definitions, findings: CheckFindings): void {
  if (block.kind === "body") {
    const table = bodyAttributesOf(block.bodyType.text);
    if (table !== undefined) checkRow(block.attributes, table, block, definitions, findings);
    return;
  }
  for (const section of block.sections) {
    const table = promiseAttributesOf(section.promiseType.text);
    if (table === undefined) continue;
    for (const promise of section.promises) checkRow(promise.attributes, table, block, definitions, findings);
  }
}

function checkRow(
  attributes: readonly Attribute[],
  table: AttributeTable,
  block: Bundle | Body,
  definitions: Definitions,
  findings: CheckFindings,
): void {
  for (const attribute of attributes) {
    if (findings.isFull) return;
    const shape = table.get(attribute.name.text)?.shape;
    if (shape !== "body" && shape !== "bundle") continue;
    const finding = checkReference(attribute, shape, block, definitions);
    if (finding !== undefined) findings.add(finding);
  }
}

function checkReference(
  attribute: Attribute,
  shape: "body" | "bundle",
  block: Bundle | Body,
  definitions: Definitions,
): Diagnostic | undefined {
  const reference = referenceOf(attribute.value);
  if (reference === undefined) return undefined;
  if (shape === "bundle") return checkBundleReference(reference, block.namespace, definitions);
  return attribute.value.kind === "string" ? undefined : checkBodyReference(attribute, reference, block, definitions);
}

/** The name that a right side refers to; undefined where variables decide it. */
function referenceOf(value: Value): Reference | undefined {
  switch (value.kind) {
    case "name":
    case "string":
      return /[$@][({]/.test(value.text) ? undefined : { name: value.text, position: value.position, argumentCount: 0 };
    case "call":
      if (/[$@]/.test(value.name.text)) return undefined;
      return { name: value.name.text, position: value.position, argumentCount: value.args.length };
    case "variable":
    case "list":
      return undefined;
  }
}

function checkBodyReference(
  attribute: Attribute,
  reference: Reference,
  block: Bundle | Body,
  definitions: Definitions,
): Diagnostic | undefined {
  const bodyType = bodyTypeOf(attribute, block);
  const body = definitions.bodies.get(bodyKey(bodyType, block.namespace, reference.name));
  if (body !== undefined)
    return checkArguments(reference, `body ${bodyType} ${reference.name}`, body.name, body.parameters);
  const names = [...definitions.bodies.values()].filter((other) => other.bodyType.text === bodyType);
  const hint = nearestName(reference.name, block.namespace, names);
  return undefinedName("POLICY_UNDEFINED_BODY", `there is no body ${bodyType} ${reference.name}`, reference, hint);
}

/** An attribute's body type is its name, but `inherit_from` takes the type of the body that it stands in. */
function bodyTypeOf(attribute: Attribute, block: Bundle | Body): string {
  const name = attribute.name.text;
  return !bodyTypes.includes(name) && block.kind === "body" ? block.bodyType.text : name;
}

function checkBundleReference(
  reference: Reference,
  namespace: string,
  definitions: Definitions,
): Diagnostic | undefined {
  const bundles = definitions.bundles.get(qualifiedName(namespace, reference.name)) ?? [];
  const fits = bundles.find((bundle) => bundle.parameters.length === reference.argumentCount);
  const bundle = fits ?? bundles[0];
  if (bundle !== undefined) {
    return checkArguments(
      reference,
      `bundle ${bundle.bundleType.text} ${reference.name}`,
      bundle.name,
      bundle.parameters,
    );
  }
  const hint = nearestName(reference.name, namespace, [...definitions.bundles.values()].flat());
  return undefinedName("POLICY_UNDEFINED_BUNDLE", `there is no bundle ${reference.name}`, reference, hint);
}

/** A name in another namespace that is spelt the same comes first, then the nearest spelling. */
function nearestName(name: string, namespace: string, known: readonly (Body | Bundle)[]): string | undefined {
  const bare = name.slice(name.indexOf(":") + 1);
  const elsewhere = known.find((block) => block.name.text === bare);
  if (elsewhere !== undefined) return elsewhere.namespace === namespace ? bare : `${elsewhere.namespace}:${bare}`;
  return closestWord(
    name,
    known
      .slice(0, candidatesMax)
      .map((block) => (block.namespace === namespace ? block.name.text : `${block.namespace}:${block.name.text}`)),
  );
}

function undefinedName(code: string, message: string, reference: Reference, hint: string | undefined): Diagnostic {
  return {
    severity: "error",
    code,
    message: hint === undefined ? `${message}; define it, or name its file in inputs` : message,
    position: reference.position,
    length: reference.name.length,
    ...(hint === undefined ? {} : { hint }),
  };
}

function checkArguments(
  reference: Reference,
  what: string,
  name: Identifier,
  parameters: readonly Identifier[],
): Diagnostic | undefined {
  if (parameters.length === reference.argumentCount) return undefined;
  const names = parameters.map((parameter) => parameter.text).join(", ");
  const takes = parameters.length === 0 ? "no arguments" : `${parameters.length} (${names})`;
  return {
    severity: "error",
    code: "POLICY_WRONG_ARGUMENT_COUNT",
    message: `${what} takes ${takes}, and gets ${reference.argumentCount}`,
    position: reference.position,
    length: reference.name.length,
    related: [{ position: name.position, message: "it is defined here" }],
  };
}
