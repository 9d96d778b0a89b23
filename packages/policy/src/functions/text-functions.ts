import { list, scalar } from "../evaluate/policy-value.ts";
import { canonify } from "../hard-classes/canonify.ts";
import { expandRange } from "./expand-range.ts";
import { formatText } from "./format-text.ts";
import { type Argument, type FunctionContext, type FunctionFamily, parameter, textAt } from "./function-types.ts";
import { numberAt } from "./number-functions.ts";
import { patternAt, replacePattern, splitByPattern } from "./pattern-argument.ts";

/** Functions that make texts from texts. */
export const textFunctions: FunctionFamily = {
  canonify: {
    parameters: [parameter("string")],
    returns: "string",
    apply: (args) => scalar(canonify(textAt(args, 0))),
  },
  concat: {
    parameters: [parameter("string")],
    optional: 1,
    variadic: true,
    returns: "string",
    apply: (args) =>
      scalar(args.map(({ value }) => (value.kind === "list" ? value.items.join("") : textOf(value))).join("")),
  },
  string_upcase: caseFunction((text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
  string_downcase: caseFunction((text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  string_reverse: caseFunction((text) => [...text].reverse().join("")),
  string_trim: caseFunction((text) => text.trim()),
  string_length: {
    parameters: [parameter("string")],
    returns: "int",
    apply: (args) => scalar(String(textAt(args, 0).length), "int"),
  },
  string_head: {
    parameters: [parameter("string"), parameter("count", "int")],
    returns: "string",
    apply: (args) => scalar(sliceOf(textAt(args, 0), numberAt(args, 1), true)),
  },
  string_tail: {
    parameters: [parameter("string"), parameter("count", "int")],
    returns: "string",
    apply: (args) => scalar(sliceOf(textAt(args, 0), numberAt(args, 1), false)),
  },
  string_replace: {
    parameters: [parameter("string"), parameter("match"), parameter("replacement")],
    returns: "string",
    apply: (args) => {
      const match = textAt(args, 1);
      return scalar(match === "" ? textAt(args, 0) : textAt(args, 0).replaceAll(match, () => textAt(args, 2)));
    },
  },
  regex_replace: {
    parameters: [parameter("string"), parameter("pattern", "regex"), parameter("replacement"), parameter("options")],
    returns: "string",
    apply: (args, context) => {
      const pattern = patternAt(args, 1, context);
      const text =
        pattern === undefined ? undefined : replacePattern(textAt(args, 0), pattern, textAt(args, 2), textAt(args, 3));
      return text === undefined ? undefined : scalar(text);
    },
  },
  escape: {
    parameters: [parameter("string")],
    returns: "string",
    apply: (args) => scalar(textAt(args, 0).replace(/[^a-zA-Z0-9_\s]/g, "\\$&")),
  },
  lastnode: {
    parameters: [parameter("path"), parameter("separator")],
    returns: "string",
    apply: (args) => {
      const text = textAt(args, 0);
      const separator = textAt(args, 1);
      const at = separator === "" ? -1 : text.lastIndexOf(separator);
      return scalar(at < 0 ? text : text.slice(at + separator.length));
    },
  },
  dirname: {
    parameters: [parameter("path")],
    returns: "string",
    apply: (args) => scalar(directoryOf(textAt(args, 0))),
  },
  format: {
    parameters: [parameter("pattern"), parameter("value")],
    optional: 1,
    variadic: true,
    returns: "string",
    apply: (args, context, position) => {
      const values = args.slice(1).map((argument) => ({ text: argument.text, whole: wholeValue(argument, context) }));
      const result = formatText(textAt(args, 0), values);
      if (result.ok) return scalar(result.text);
      context.fail("POLICY_FORMAT_ARGUMENTS", `format: ${result.error}`, position, "warning");
      return undefined;
    },
  },
  expandrange: {
    parameters: [parameter("pattern"), parameter("step", "int")],
    returns: "slist",
    apply: (args, context, position) => {
      const result = expandRange(textAt(args, 0), numberAt(args, 1));
      if (result.ok) return list(result.items);
      context.fail("POLICY_INVALID_RANGE", `expandrange: ${result.error}`, position);
      return undefined;
    },
  },
  splitstring: splitFunction(false),
  string_split: splitFunction(true),
  getenv: {
    parameters: [parameter("variable"), parameter("maximum length", "int")],
    returns: "string",
    apply: (args, { world }) => {
      const text = world.environmentVariable?.(textAt(args, 0));
      return text === undefined ? undefined : scalar(text.slice(0, Math.max(0, numberAt(args, 1))));
    },
  },
};

function caseFunction(change: (text: string) => string): FunctionFamily[string] {
  return { parameters: [parameter("string")], returns: "string", apply: (args) => scalar(change(textAt(args, 0))) };
}

function sliceOf(text: string, count: number, head: boolean): string {
  if (head) return count < 0 ? text.slice(0, Math.max(0, text.length + count)) : text.slice(0, count);
  return count < 0 ? text.slice(Math.min(text.length, -count)) : text.slice(Math.max(0, text.length - count));
}

function directoryOf(path: string): string {
  const at = path.replace(/\/+$/, "").lastIndexOf("/");
  if (at < 0) return ".";
  return at === 0 ? "/" : path.slice(0, at);
}

function textOf(value: Argument["value"]): string {
  return value.kind === "scalar" ? value.text : "";
}

/** `%S` takes lists and containers by value or by bare name; to `%s` a bare name is a text. */
function wholeValue(argument: Argument, context: FunctionContext): Argument["value"] {
  const named = argument.source.kind === "name" ? context.variable(argument.text) : undefined;
  return named === undefined || named.kind === "scalar" ? argument.value : named;
}

/** `keepsRest`: the last part keeps what follows (`string_split`); otherwise it is dropped (`splitstring`). */
function splitFunction(keepsRest: boolean): FunctionFamily[string] {
  return {
    parameters: [parameter("string"), parameter("separator", "regex"), parameter("maximum", "int")],
    returns: "slist",
    apply: (args, context) => {
      const pattern = patternAt(args, 1, context);
      if (pattern === undefined) return undefined;
      const maximum = numberAt(args, 2);
      if (textAt(args, 0) === "" && !keepsRest) return list([]);
      const parts = splitByPattern(textAt(args, 0), pattern, keepsRest ? maximum : Number.POSITIVE_INFINITY);
      return parts === undefined ? undefined : list(parts.slice(0, Math.max(0, maximum)));
    },
  };
}
