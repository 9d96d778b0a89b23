import { isJsonArray, isJsonObject, type JsonValue, parseJson, printJsonIndented } from "../evaluate/json-value.ts";
import { data, list, type PolicyValue, scalar } from "../evaluate/policy-value.ts";
import { collectionOf, jsonOf, jsonOfArgument, members, textsOf } from "./collection-argument.ts";
import { type FunctionContext, type FunctionFamily, parameter, textAt } from "./function-types.ts";
import { numberAt } from "./number-functions.ts";
import { selectMatching } from "./pattern-argument.ts";

/** Functions of containers and arrays. */
export const dataFunctions: FunctionFamily = {
  getindices: {
    parameters: [parameter("container", "list")],
    returns: "slist",
    apply: (args, context) => {
      const collection = collectionOf(args[0], context);
      return list(collection?.kind === "data" ? members(collection.json).map(([key]) => key) : []);
    },
  },
  getvalues: {
    parameters: [parameter("container", "list")],
    returns: "slist",
    apply: (args, context) => {
      const collection = collectionOf(args[0], context);
      if (collection === undefined) return list([]);
      return list(collection.kind === "data" ? leavesOf(collection.json) : textsOf(collection));
    },
  },
  parsejson: {
    parameters: [parameter("JSON")],
    returns: "data",
    apply: (args, context, position) => {
      const parsed = parseJson(textAt(args, 0));
      if (parsed.ok) return data(parsed.value);
      context.fail("POLICY_INVALID_JSON", `parsejson: ${parsed.error}`, position);
      return undefined;
    },
  },
  readjson: {
    parameters: [parameter("file", "path"), parameter("maximum bytes", "int")],
    optional: 1,
    returns: "data",
    apply: (args, context, position) => {
      const file = context.world.readFile(textAt(args, 0));
      if (!file.ok) {
        context.fail(
          "POLICY_FILE_UNREADABLE",
          `readjson: cannot read ${textAt(args, 0)}: ${file.error}`,
          position,
          "warning",
        );
        return undefined;
      }
      const maximum = args.length > 1 ? numberAt(args, 1) : 0;
      const parsed = parseJson(maximum > 0 ? file.text.slice(0, maximum) : file.text);
      if (parsed.ok) return data(parsed.value);
      context.fail("POLICY_INVALID_JSON", `readjson: ${textAt(args, 0)}: ${parsed.error}`, position);
      return undefined;
    },
  },
  mergedata: {
    parameters: [parameter("container", "list")],
    variadic: true,
    returns: "data",
    apply: (args, context) => {
      const parts = args.map((argument) => jsonOfArgument(argument, context));
      return parts.every((part) => part !== undefined) ? merged(parts) : undefined;
    },
  },
  storejson: {
    parameters: [parameter("container", "list")],
    returns: "string",
    apply: (args, context) => {
      const json = jsonOfArgument(args[0], context);
      return json === undefined ? undefined : scalar(printJsonIndented(json));
    },
  },
  data_expand: {
    parameters: [parameter("container", "list")],
    returns: "data",
    apply: (args, context) => {
      const json = jsonOfArgument(args[0], context);
      const argument = args[0];
      if (json === undefined || argument === undefined) return undefined;
      const expand = (text: string): string =>
        context.expandLazily({ kind: "string", position: argument.position, text, raw: text }, undefined) ?? text;
      return data(mapTexts(json, expand));
    },
  },
  variablesmatching: {
    parameters: [parameter("pattern", "regex")],
    variadic: true,
    returns: "slist",
    apply: (args, context) => {
      const selected = selectMatching(args, 0, context.variableNames(), context);
      return selected === undefined ? undefined : list(selected.sort());
    },
  },
  variablesmatching_as_data: {
    parameters: [parameter("pattern", "regex")],
    variadic: true,
    returns: "data",
    apply: (args, context) => {
      const selected = selectMatching(args, 0, context.variableNames(), context);
      return selected === undefined ? undefined : data(new Map(selected.flatMap((name) => namedValue(name, context))));
    },
  },
};

function namedValue(name: string, context: FunctionContext): [string, JsonValue][] {
  const value = context.variable(name);
  return value === undefined ? [] : [[name, jsonOf(value)]];
}

/** All scalars at any depth, as observed of `getvalues` on a container; `null` is none. */
function leavesOf(json: JsonValue): string[] {
  return members(json).flatMap(([, item]) =>
    isJsonArray(item) || isJsonObject(item) ? leavesOf(item) : textsOf({ kind: "data", json: [item] }),
  );
}

/** Objects merge by key, the later wins; arrays follow each other; of two kinds the later stands alone. */
function merged(parts: readonly JsonValue[]): PolicyValue {
  let result: JsonValue = null;
  for (const part of parts) result = mergedPair(result, part);
  return data(result);
}

function mergedPair(left: JsonValue, right: JsonValue): JsonValue {
  if (isJsonObject(left) && isJsonObject(right)) return new Map([...left, ...right]);
  return isJsonArray(left) && isJsonArray(right) ? [...left, ...right] : right;
}

function mapTexts(json: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof json === "string") return change(json);
  if (isJsonArray(json)) return json.map((item) => mapTexts(item, change));
  if (isJsonObject(json))
    return new Map([...json].map(([key, item]) => [change(key), mapTexts(item, change)] as const));
  return json;
}
