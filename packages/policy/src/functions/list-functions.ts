/** Functions of lists. Every one takes a list in any guise, see `collection-argument.ts`, and none changes its argument. */
import { list, type PolicyValue, scalar } from "../evaluate/policy-value.ts";
import { collectionOf, itemsOfArgument, members, textsOf } from "./collection-argument.ts";
import { type Argument, type FunctionContext, type FunctionFamily, parameter, textAt } from "./function-types.ts";
import { numberAt } from "./number-functions.ts";
import { parseInteger, parseReal } from "./number-text.ts";
import { selectMatching } from "./pattern-argument.ts";

const sortings = ["lex", "int", "integer", "real", "IP", "ip", "MAC", "mac"] as const;

/** Functions of lists. */
export const listFunctions: FunctionFamily = {
  join: {
    parameters: [parameter("glue"), parameter("list", "list")],
    returns: "string",
    apply: (args, context) => {
      const items = itemsOfArgument(args[1], context);
      return items === undefined ? undefined : scalar(items.join(textAt(args, 0)));
    },
  },
  length: {
    parameters: [parameter("list", "list")],
    returns: "int",
    apply: (args, context) => {
      const collection = collectionOf(args[0], context);
      return collection === undefined ? undefined : scalar(String(sizeOf(collection)), "int");
    },
  },
  nth: {
    parameters: [parameter("list", "list"), parameter("index or key")],
    returns: "string",
    apply: (args, context) => nth(collectionOf(args[0], context), textAt(args, 1)),
  },
  maplist: {
    parameters: [parameter("pattern", "lazy"), parameter("list", "list")],
    returns: "slist",
    takesUnresolved: true,
    apply: mapList,
  },
  filter: {
    parameters: [
      parameter("filter"),
      parameter("list", "list"),
      parameter("is a regular expression", "string", booleans()),
      parameter("invert", "string", booleans()),
      parameter("maximum", "int"),
    ],
    returns: "slist",
    apply: filterList,
  },
  grep: {
    parameters: [parameter("pattern", "regex"), parameter("list", "list")],
    returns: "slist",
    apply: (args, context) => {
      const items = itemsOfArgument(args[1], context);
      const selected = items === undefined ? undefined : selectMatching(args, 0, items, context);
      return selected === undefined ? undefined : list(selected);
    },
  },
  sort: {
    parameters: [parameter("list", "list"), parameter("order", "string", sortings)],
    optional: 1,
    returns: "slist",
    apply: (args, context) => transform(args, context, (items) => [...items].sort(orderOf(textAt(args, 1)))),
  },
  reverse: whole((items) => [...items].reverse()),
  unique: whole((items) => [...new Set(items)]),
  sublist: {
    parameters: [parameter("list", "list"), parameter("end", "string", ["head", "tail"]), parameter("maximum", "int")],
    returns: "slist",
    apply: (args, context) => {
      const count = Math.max(0, numberAt(args, 2));
      const head = textAt(args, 1) === "head";
      return transform(args, context, (items) =>
        head ? items.slice(0, count) : items.slice(Math.max(0, items.length - count)),
      );
    },
  },
  intersection: pair((left, right) => left.filter((item) => right.includes(item))),
  difference: pair((left, right) => left.filter((item) => !right.includes(item))),
  max: extreme((order) => order > 0),
  min: extreme((order) => order < 0),
};

function booleans(): readonly string[] {
  return ["true", "false", "yes", "no", "on", "off"];
}

function sizeOf(collection: PolicyValue): number {
  if (collection.kind === "list") return collection.items.length;
  return collection.kind === "data" ? members(collection.json).length : 1;
}

function nth(collection: PolicyValue | undefined, key: string): PolicyValue | undefined {
  if (collection === undefined) return undefined;
  const index = parseInteger(key)?.value;
  if (collection.kind === "data" && collection.json instanceof Map) {
    const member =
      collection.json.get(key) ?? (index === undefined ? undefined : [...collection.json.keys()].at(index));
    return typeof member === "string" ? scalar(member) : member === undefined ? undefined : textValue(member);
  }
  const item = index === undefined ? undefined : textsOf(collection).at(index);
  return item === undefined ? undefined : scalar(item);
}

function textValue(json: Parameters<typeof members>[0]): PolicyValue | undefined {
  const [text] = textsOf({ kind: "data", json: [json] });
  return text === undefined ? undefined : scalar(text);
}

function mapList(args: readonly Argument[], context: FunctionContext): PolicyValue | undefined {
  const collection = collectionOf(args[1], context);
  const source = args[0]?.source;
  if (collection === undefined || source === undefined) return undefined;
  const mapped: string[] = [];
  for (const item of textsOf(collection)) {
    const text = context.expandLazily(source, item);
    if (text === undefined) return undefined;
    mapped.push(text);
  }
  return list(mapped);
}

function filterList(args: readonly Argument[], context: FunctionContext): PolicyValue | undefined {
  const items = itemsOfArgument(args[1], context);
  if (items === undefined) return undefined;
  const isPattern = isTrue(textAt(args, 2));
  const invert = isTrue(textAt(args, 3));
  const selected = isPattern
    ? selectMatching(args, 0, items, context)
    : items.filter((item) => item === textAt(args, 0));
  if (selected === undefined) return undefined;
  const chosen = new Set(selected);
  return list(items.filter((item) => chosen.has(item) !== invert).slice(0, Math.max(0, numberAt(args, 4))));
}

function isTrue(text: string): boolean {
  return text === "true" || text === "yes" || text === "on";
}

function transform(
  args: readonly Argument[],
  context: FunctionContext,
  change: (items: readonly string[]) => readonly string[],
) {
  const items = itemsOfArgument(args[0], context);
  return items === undefined ? undefined : list(change(items));
}

function whole(change: (items: readonly string[]) => readonly string[]): FunctionFamily[string] {
  return {
    parameters: [parameter("list", "list")],
    returns: "slist",
    apply: (args, context) => transform(args, context, change),
  };
}

function pair(
  combine: (left: readonly string[], right: readonly string[]) => readonly string[],
): FunctionFamily[string] {
  return {
    parameters: [parameter("list", "list"), parameter("other list", "list")],
    returns: "slist",
    apply: (args, context) => {
      const left = itemsOfArgument(args[0], context);
      const right = itemsOfArgument(args[1], context);
      return left === undefined || right === undefined ? undefined : list([...new Set(combine(left, right))]);
    },
  };
}

function extreme(better: (order: number) => boolean): FunctionFamily[string] {
  return {
    parameters: [parameter("list", "list"), parameter("order", "string", sortings)],
    optional: 1,
    returns: "string",
    apply: (args, context) => {
      const order = orderOf(textAt(args, 1));
      const [first, ...rest] = itemsOfArgument(args[0], context) ?? [];
      if (first === undefined) return undefined;
      return scalar(rest.reduce((best, item) => (better(order(item, best)) ? item : best), first));
    },
  };
}

type Order = (left: string, right: string) => number;

function orderOf(sorting: string): Order {
  if (sorting === "int" || sorting === "integer" || sorting === "real") {
    return (left, right) => (parseReal(left) ?? 0) - (parseReal(right) ?? 0);
  }
  if (sorting === "IP" || sorting === "ip")
    return (left, right) => textOrder(paddedAddress(left), paddedAddress(right));
  return textOrder;
}

function textOrder(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function paddedAddress(address: string): string {
  return address
    .split(".")
    .map((part) => part.padStart(3, "0"))
    .join(".");
}
