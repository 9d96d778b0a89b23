/** Attribute names, and whether a right side is a list, one value, a body or a bundle as its attribute wants. */
import type { Diagnostic } from "@berth/model";
import type { Attribute, Value } from "./ast.ts";
import type { CheckFindings } from "./check-findings.ts";
import { closestWord } from "./closest-word.ts";
import type { AttributeShape, AttributeTable } from "./language-names.ts";

/** @param where names the promise or body in messages, as in `guest_environments promise` */
export function checkAttributes(
  attributes: readonly Attribute[],
  table: AttributeTable,
  where: string,
  findings: CheckFindings,
): void {
  for (const attribute of attributes) {
    if (findings.isFull) return;
    const finding = checkAttribute(attribute, table, where, findings.complete);
    if (finding !== undefined) findings.add(finding);
  }
}

function checkAttribute(
  attribute: Attribute,
  table: AttributeTable,
  where: string,
  complete: boolean,
): Diagnostic | undefined {
  const known = table.get(attribute.name.text);
  if (known === undefined) return unknownAttribute(attribute, table, where);
  if (known.removed) return removedAttribute(attribute);
  return complete ? checkShape(attribute, known.shape) : undefined;
}

function unknownAttribute(attribute: Attribute, table: AttributeTable, where: string): Diagnostic {
  const { text } = attribute.name;
  const hint = meantName(text, [...table.keys()]);
  const known = [...table].filter(([, entry]) => !entry.removed).map(([name]) => name);
  const list = hint === undefined ? `; known here: ${known.sort().join(", ")}` : "";
  return {
    severity: "error",
    code: "POLICY_UNKNOWN_ATTRIBUTE",
    message: `a ${where} has no attribute ${text}${list}`,
    position: attribute.position,
    length: text.length,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** `state` for `environment_state`, where only one name ends like that; otherwise the nearest spelling. */
function meantName(text: string, known: readonly string[]): string | undefined {
  const longer = known.filter((name) => name.endsWith(`_${text}`));
  return longer.length === 1 ? longer[0] : closestWord(text, known);
}

function removedAttribute(attribute: Attribute): Diagnostic {
  const { text } = attribute.name;
  return {
    severity: "warning",
    code: "POLICY_REMOVED_ATTRIBUTE",
    message: `CFEngine removed the attribute ${text} and it does nothing; delete this line`,
    position: attribute.position,
    length: text.length,
  };
}

function checkShape(attribute: Attribute, shape: AttributeShape): Diagnostic | undefined {
  const { value } = attribute;
  const name = attribute.name.text;
  switch (shape) {
    case "any":
      return undefined;
    case "scalar":
      return value.kind === "list"
        ? wrongShape(value, `${name} takes one value, not a list`, onlyElement(value))
        : undefined;
    case "list":
      if (value.kind === "list" || value.kind === "call") return undefined;
      return wrongShape(value, `${name} takes a list`, `{ ${written(value)} }`);
    case "body":
      return checkBodyShape(name, value);
    case "bundle":
      return value.kind === "list"
        ? wrongShape(value, `${name} takes the name of a bundle`, onlyElement(value))
        : undefined;
  }
}

function checkBodyShape(name: string, value: Value): Diagnostic | undefined {
  if (value.kind === "name" || value.kind === "call") return undefined;
  const unquoted = value.kind === "string" && /^[\w:]+(\(.*\))?$/.test(value.text) ? value.text : undefined;
  return wrongShape(value, `${name} takes the name of a body, without quotes`, unquoted);
}

function wrongShape(value: Value, message: string, hint: string | undefined): Diagnostic {
  return {
    severity: "error",
    code: "POLICY_WRONG_SHAPE",
    message,
    position: value.position,
    length: written(value).split("\n")[0]?.length ?? 1,
    ...(hint === undefined || hint.length > hintLengthMax ? {} : { hint }),
  };
}

/** A longer right side is not repeated as a hint. */
const hintLengthMax = 60;

function onlyElement(value: Value): string | undefined {
  const first = value.kind === "list" && value.elements.length === 1 ? value.elements[0] : undefined;
  return first === undefined ? undefined : written(first);
}

/** The value as the policy has it, where that is short to say. */
function written(value: Value): string {
  switch (value.kind) {
    case "string":
    case "variable":
      return value.raw;
    case "name":
      return value.text;
    case "call":
      return `${value.name.text}(...)`;
    case "list":
      return "{";
  }
}
