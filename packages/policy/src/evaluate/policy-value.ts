import { isJsonArray, isJsonObject, type JsonValue, jsonEntries, jsonScalarText, printJson } from "./json-value.ts";
import { hasReference, wholeListReference } from "./text-template.ts";

/** What a policy variable holds: one text, a list of texts, or a data container. */
export type PolicyValue = ScalarValue | ListValue | DataValue;

/** One text, and which of the three scalar types it was promised as. */
export interface ScalarValue {
  readonly kind: "scalar";
  readonly type: "string" | "int" | "real";
  readonly text: string;
}

/** Texts in order. */
export interface ListValue {
  readonly kind: "list";
  readonly type: "slist" | "ilist" | "rlist";
  readonly items: readonly string[];
}

/** A container, or a scalar that came out of one. */
export interface DataValue {
  readonly kind: "data";
  readonly json: JsonValue;
}

/** The types of `vars` promises. */
export type PolicyType = ScalarValue["type"] | ListValue["type"] | "data";

/** Makes a scalar. @default a string */
export function scalar(text: string, type: ScalarValue["type"] = "string"): ScalarValue {
  return { kind: "scalar", type, text };
}

/** Makes a list. @default of strings */
export function list(items: readonly string[], type: ListValue["type"] = "slist"): ListValue {
  return { kind: "list", type, items };
}

/** Makes a container. */
export function data(json: JsonValue): DataValue {
  return { kind: "data", json };
}

/** The CFEngine name of a value's type. */
export function typeOf(value: PolicyValue): PolicyType {
  return value.kind === "data" ? "data" : value.type;
}

/** A value reached inside a container: containers stay containers, everything else is text; `null` is nothing. */
export function fromJson(json: JsonValue): PolicyValue | undefined {
  if (isJsonArray(json) || isJsonObject(json)) return data(json);
  const text = jsonScalarText(json);
  return text === undefined ? undefined : scalar(text);
}

/**
 * The texts that `$(x)` runs through: a list's items, or the scalar members of a container, not those further down.
 * `undefined` for a scalar, which is one text and not a row of them.
 */
export function itemsOf(value: PolicyValue): readonly string[] | undefined {
  if (value.kind === "scalar") return undefined;
  if (value.kind === "list") return value.items;
  return jsonEntries(value.json).flatMap(([, item]) => jsonScalarText(item) ?? []);
}

/** Whether a value still holds an unknown variable, so that it is worth waiting for a later pass. */
export function isUnresolved(value: PolicyValue): boolean {
  if (value.kind === "data") return false;
  return value.kind === "scalar" ? isUnresolvedText(value.text) : value.items.some(isUnresolvedText);
}

function isUnresolvedText(text: string): boolean {
  return hasReference(text) || wholeListReference(text) !== undefined;
}

/** One line for a person: text as it is, lists as `{"a","b"}`, containers as JSON. */
export function printValue(value: PolicyValue): string {
  if (value.kind === "scalar") return value.text;
  return value.kind === "list"
    ? `{${value.items.map((item) => JSON.stringify(item)).join(",")}}`
    : printJson(value.json);
}
