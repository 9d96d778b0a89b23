import { isJsonArray, type JsonValue, jsonScalarText, parseJson } from "../evaluate/json-value.ts";
import { list, type PolicyValue } from "../evaluate/policy-value.ts";
import { wholeListReference } from "../evaluate/text-template.ts";
import type { ArrayElement } from "../evaluate/variable-table.ts";
import type { Argument, FunctionContext } from "./function-types.ts";

/**
 * Functions take lists in many guises: `@(l)`, a bare or quoted name, an array's name, a container, inline JSON. This file
 * makes one of them all.
 */

/** The collection that an argument stands for; `undefined` where no such variable exists. */
export function collectionOf(argument: Argument | undefined, context: FunctionContext): PolicyValue | undefined {
  if (argument === undefined) return undefined;
  if (argument.value.kind !== "scalar") return argument.value;
  const text = wholeListReference(argument.text) ?? argument.text.trim();
  if (text.startsWith("[") || text.startsWith("{")) {
    const parsed = parseJson(text);
    if (parsed.ok) return { kind: "data", json: parsed.value };
    context.fail("POLICY_INVALID_JSON", `this inline JSON cannot be read: ${parsed.error}`, argument.position);
    return undefined;
  }
  const value = context.variable(text);
  return value !== undefined && value.kind !== "scalar" ? value : (arrayOf(context.arrayElements(text)) ?? value);
}

/** An array as a container: nested objects by index, in the order of definition. */
function arrayOf(elements: readonly ArrayElement[]): PolicyValue | undefined {
  if (elements.length === 0) return undefined;
  const tree: ArrayTree = new Map();
  for (const { indices, value } of elements) place(tree, indices, jsonOf(value));
  return { kind: "data", json: tree as JsonValue };
}

type ArrayTree = Map<string, JsonValue>;

function place(tree: ArrayTree, indices: readonly string[], value: JsonValue): void {
  const [first, ...rest] = indices;
  if (first === undefined) return;
  if (rest.length === 0) {
    tree.set(first, value);
    return;
  }
  const below = tree.get(first);
  const next: ArrayTree = below instanceof Map ? new Map(below) : new Map();
  place(next, rest, value);
  tree.set(first, next);
}

/** Any value as JSON. */
export function jsonOf(value: PolicyValue): JsonValue {
  if (value.kind === "data") return value.json;
  return value.kind === "list" ? [...value.items] : value.text;
}

/** The texts of a collection: items of a list, scalar members of a container, a scalar itself. */
export function textsOf(value: PolicyValue): readonly string[] {
  if (value.kind === "scalar") return [value.text];
  if (value.kind === "list") return value.items;
  return members(value.json).flatMap(([, item]) => jsonScalarText(item) ?? []);
}

/** Members of a container with their keys or indices. */
export function members(json: JsonValue): [string, JsonValue][] {
  if (isJsonArray(json)) return json.map((item, index) => [String(index), item]);
  return json instanceof Map ? [...json] : [];
}

/** The texts of a list argument; `undefined` where there is no such list. */
export function itemsOfArgument(
  argument: Argument | undefined,
  context: FunctionContext,
): readonly string[] | undefined {
  const collection = collectionOf(argument, context);
  return collection === undefined ? undefined : textsOf(collection);
}

/** A container from an argument, for functions that merge and walk containers. */
export function jsonOfArgument(argument: Argument | undefined, context: FunctionContext): JsonValue | undefined {
  const collection = collectionOf(argument, context);
  return collection === undefined ? undefined : jsonOf(collection);
}

/** A list result. */
export function listResult(items: readonly string[]): PolicyValue {
  return list(items);
}
