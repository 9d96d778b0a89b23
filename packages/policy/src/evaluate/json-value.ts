/**
 * JSON as policy sees it. Numbers keep the text they were written with (`1.50` stays `1.50`, 20 digits stay 20 digits),
 * because a policy only ever puts them into other texts. Objects are maps in the order of the text, which is the order in
 * which CFEngine walks containers; it prints them sorted by key.
 */

/** A number, as text. */
export interface JsonNumber {
  readonly kind: "number";
  readonly text: string;
}

/** An object, its members in the order of the text. */
export type JsonObject = ReadonlyMap<string, JsonValue>;
/** Any JSON value. */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;

/** What parsing one JSON text gives. */
export type JsonParse =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: string };

/** Containers nested deeper than this are refused: nobody writes them, and walking them recurses. */
export const jsonDepthMax = 200;

/** Parses one JSON text. Never throws. */
export function parseJson(text: string): JsonParse {
  const reader: JsonReader = { text, at: 0, depth: 0 };
  try {
    const value = readValue(reader);
    skipBlanks(reader);
    return reader.at < text.length ? { ok: false, error: notExpected(reader) } : { ok: true, value };
  } catch (error) {
    if (error instanceof JsonSyntax) return { ok: false, error: error.message };
    throw error;
  }
}

/** Prints a value on one line, keys sorted, as `storejson` of a compact container does. */
export function printJson(value: JsonValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (isJsonArray(value)) return `[${value.map(printJson).join(",")}]`;
  if (isJsonObject(value)) {
    return `{${sortedMembers(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${printJson(item)}`)
      .join(",")}}`;
  }
  return value.text;
}

/** Prints a value over several lines, two blanks a level, as `storejson` does. */
export function printJsonIndented(value: JsonValue, indent = ""): string {
  const inner = `${indent}  `;
  const items = isJsonArray(value)
    ? value.map((item) => `${inner}${printJsonIndented(item, inner)}`)
    : isJsonObject(value)
      ? sortedMembers(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${printJsonIndented(item, inner)}`)
      : undefined;
  if (items === undefined) return printJson(value);
  const [open, close] = isJsonArray(value) ? ["[", "]"] : ["{", "}"];
  return items.length === 0 ? `${open}${close}` : `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

/** Whether a value is an array. */
export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Whether a value is an object. */
export function isJsonObject(value: JsonValue): value is JsonObject {
  return value instanceof Map;
}

/** The text of a string, number or boolean; `undefined` for `null` and containers, which have none. */
export function jsonScalarText(value: JsonValue): string | undefined {
  if (value === null || isJsonArray(value) || isJsonObject(value)) return undefined;
  return typeof value === "object" ? value.text : String(value);
}

/** Members in order: `[key, value]` of an object, `[index, value]` of an array, none for a scalar. */
export function jsonEntries(value: JsonValue): [string, JsonValue][] {
  if (isJsonArray(value)) return value.map((item, index) => [String(index), item]);
  return isJsonObject(value) ? [...value] : [];
}

function sortedMembers(object: JsonObject): [string, JsonValue][] {
  return [...object].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Follows keys and indices into a container; `undefined` where one is missing. */
export function jsonAt(value: JsonValue, path: readonly string[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const key of path) {
    if (current === undefined) return undefined;
    if (isJsonArray(current)) current = /^\d+$/.test(key) ? current[Number(key)] : undefined;
    else current = isJsonObject(current) ? current.get(key) : undefined;
  }
  return current;
}

/** Control flow inside this file only: {@link parseJson} turns it into a value. */
class JsonSyntax extends Error {}

interface JsonReader {
  readonly text: string;
  at: number;
  depth: number;
}

function skipBlanks(reader: JsonReader): void {
  while (/[ \t\r\n]/.test(reader.text[reader.at] ?? "")) reader.at += 1;
}

function notExpected(reader: JsonReader): string {
  const found = reader.text[reader.at];
  return found === undefined
    ? "the JSON text ends too early"
    : `unexpected ${JSON.stringify(found)} at character ${reader.at + 1} of the JSON text`;
}

function readValue(reader: JsonReader): JsonValue {
  skipBlanks(reader);
  const first = reader.text[reader.at];
  if (first === "{") return nested(reader, readObject);
  if (first === "[") return nested(reader, readArray);
  if (first === '"') return readString(reader);
  return readWord(reader);
}

function nested<T>(reader: JsonReader, read: (reader: JsonReader) => T): T {
  reader.depth += 1;
  if (reader.depth > jsonDepthMax) throw new JsonSyntax(`JSON nested deeper than ${jsonDepthMax} levels`);
  reader.at += 1;
  const value = read(reader);
  reader.depth -= 1;
  return value;
}

function readObject(reader: JsonReader): JsonObject {
  const members: [string, JsonValue][] = [];
  while (!closes(reader, "}", members.length)) {
    skipBlanks(reader);
    const key = readString(reader);
    skipBlanks(reader);
    expect(reader, ":");
    members.push([key, readValue(reader)]);
  }
  return new Map(members);
}

function readArray(reader: JsonReader): JsonValue[] {
  const items: JsonValue[] = [];
  while (!closes(reader, "]", items.length)) items.push(readValue(reader));
  return items;
}

/** Steps over the closing bracket, or over the comma before a further member. */
function closes(reader: JsonReader, bracket: string, membersSoFar: number): boolean {
  skipBlanks(reader);
  if (reader.text[reader.at] === bracket) {
    reader.at += 1;
    return true;
  }
  if (membersSoFar > 0) expect(reader, ",");
  return false;
}

function expect(reader: JsonReader, character: string): void {
  if (reader.text[reader.at] !== character) throw new JsonSyntax(notExpected(reader));
  reader.at += 1;
}

const stringToken = /"(?:[^"\\]|\\[\s\S])*"/y;
const wordToken = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;

function readString(reader: JsonReader): string {
  stringToken.lastIndex = reader.at;
  const token = stringToken.exec(reader.text)?.[0];
  if (token === undefined) throw new JsonSyntax(notExpected(reader));
  reader.at += token.length;
  return unescapeString(token.slice(1, -1));
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

function unescapeString(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, single: string) =>
    hex === undefined ? (escapes[single] ?? single) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function readWord(reader: JsonReader): JsonValue {
  wordToken.lastIndex = reader.at;
  const token = wordToken.exec(reader.text)?.[0];
  if (token === undefined) throw new JsonSyntax(notExpected(reader));
  reader.at += token.length;
  if (token === "null") return null;
  if (token === "true" || token === "false") return token === "true";
  return { kind: "number", text: token };
}
