/**
 * A policy string is a template: plain text with holes `$(name)` or `${name}`, and a hole's name may itself hold holes:
 * `$(size[$(host)])`. Taking it apart once and filling it many times is what makes a thousand iterations cheap.
 */

/** A hole. */
export interface TemplateReference {
  /** Exactly as written; what remains in the text where the variable is not known. */
  readonly raw: string;
  /** What stands between the brackets. */
  readonly name: Template;
  /** `(` or `{`. */
  readonly bracket: "(" | "{";
}

/** A text taken apart. */
export interface Template {
  readonly text: string;
  readonly parts: readonly (string | TemplateReference)[];
  /** True where the text has no holes: it is its own expansion. */
  readonly plain: boolean;
}

/** Holes within holes deeper than this stay text: each level costs a walk over the rest. */
const nestingMax = 16;

const closers = { "(": ")", "{": "}" } as const;

/** Takes a string apart. A hole that never closes, or whose name cannot be one, is plain text. */
export function parseTemplate(text: string, depth = 0): Template {
  if (!text.includes("$") || depth > nestingMax) return { text, parts: [text], plain: true };
  const parts: (string | TemplateReference)[] = [];
  let from = 0;
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", at + 1)) {
    const reference = readReference(text, at, depth);
    if (reference === undefined) continue;
    if (at > from) parts.push(text.slice(from, at));
    parts.push(reference);
    from = at + reference.raw.length;
    at = from - 1;
  }
  if (from < text.length || parts.length === 0) parts.push(text.slice(from));
  return { text, parts, plain: parts.length === 1 && typeof parts[0] === "string" };
}

/** No name is longer: without this bound, a row of holes that never close would cost quadratic time. */
const nameLengthMax = 1024;
const validName = /^[^\s(){}]+$/;

function readReference(text: string, at: number, depth: number): TemplateReference | undefined {
  const bracket = text[at + 1];
  if (bracket !== "(" && bracket !== "{") return undefined;
  const end = closingBracket(text, at + 1, bracket);
  if (end === undefined) return undefined;
  const name = parseTemplate(text.slice(at + 2, end), depth + 1);
  const literal = name.parts.filter((part) => typeof part === "string").join("");
  if (name.text === "" || (literal !== "" && !validName.test(literal))) return undefined;
  return { raw: text.slice(at, end + 1), name, bracket };
}

function closingBracket(text: string, open: number, bracket: "(" | "{"): number | undefined {
  const expected: string[] = [closers[bracket]];
  const last = Math.min(text.length, open + nameLengthMax);
  for (let at = open + 1; at < last; at += 1) {
    const character = text[at];
    if (character === expected.at(-1)) {
      expected.pop();
      if (expected.length === 0) return at;
    } else if (character === "$" && (text[at + 1] === "(" || text[at + 1] === "{")) {
      expected.push(text[at + 1] === "(" ? ")" : "}");
      at += 1;
    }
  }
  return undefined;
}

/** `@(name)` or `@{name}` as the whole of a text: its name. */
export function wholeListReference(text: string): string | undefined {
  const match = /^@(?:\(([^\s(){}]+)\)|\{([^\s(){}]+)\})$/.exec(text);
  return match?.[1] ?? match?.[2];
}

/** Whether a text still holds a hole. */
export function hasReference(text: string): boolean {
  return text.includes("$") && !parseTemplate(text).plain;
}
