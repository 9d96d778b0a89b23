import { list, scalar, typeOf } from "../evaluate/policy-value.ts";
import { canonify } from "../hard-classes/canonify.ts";
import { itemsOfArgument } from "./collection-argument.ts";
import { type Argument, type FunctionContext, type FunctionFamily, parameter, textAt } from "./function-types.ts";
import { matches, selectMatching } from "./pattern-argument.ts";

/** Functions that ask whether something holds, of classes, texts and variables. */
export const classFunctions: FunctionFamily = {
  and: {
    parameters: [parameter("class", "class")],
    optional: 1,
    variadic: true,
    returns: "class",
    apply: (args, context) => args.every((argument) => context.holds(argument.text, argument.position)),
  },
  or: {
    parameters: [parameter("class", "class")],
    optional: 1,
    variadic: true,
    returns: "class",
    apply: (args, context) => args.some((argument) => context.holds(argument.text, argument.position)),
  },
  not: {
    parameters: [parameter("class", "class")],
    returns: "class",
    apply: (args, context) => !args.every((argument) => context.holds(argument.text, argument.position)),
  },
  ifelse: {
    parameters: [parameter("value")],
    variadic: true,
    returns: "any",
    takesUnresolved: true,
    apply: chooseBranch,
  },
  strcmp: {
    parameters: [parameter("left"), parameter("right")],
    returns: "class",
    apply: (args) => textAt(args, 0) === textAt(args, 1),
  },
  regcmp: {
    parameters: [parameter("pattern", "regex"), parameter("string")],
    returns: "class",
    apply: (args, context) => matches(args, 0, textAt(args, 1), context),
  },
  classify: {
    parameters: [parameter("string")],
    returns: "class",
    apply: (args, context, position) => context.holds(canonify(textAt(args, 0)), position),
  },
  classmatch: {
    parameters: [parameter("pattern", "regex")],
    variadic: true,
    returns: "class",
    apply: (args, context) => {
      const selected = selectMatching(args, 0, context.classNames(), context);
      return selected === undefined ? undefined : selected.length > 0;
    },
  },
  classesmatching: {
    parameters: [parameter("pattern", "regex")],
    variadic: true,
    returns: "slist",
    apply: (args, context) => {
      const selected = selectMatching(args, 0, context.classNames(), context);
      return selected === undefined ? undefined : list(selected.sort());
    },
  },
  countclassesmatching: {
    parameters: [parameter("pattern", "regex")],
    variadic: true,
    returns: "int",
    apply: (args, context) => {
      const selected = selectMatching(args, 0, context.classNames(), context);
      return selected === undefined ? undefined : scalar(String(selected.length), "int");
    },
  },
  bundlesmatching: {
    parameters: [parameter("pattern", "regex")],
    variadic: true,
    returns: "slist",
    apply: (args, context) => {
      const selected = selectMatching(args, 0, context.bundleNames(), context);
      return selected === undefined ? undefined : list(selected);
    },
  },
  isvariable: {
    parameters: [parameter("name", "name")],
    returns: "class",
    apply: (args, context) => context.variable(textAt(args, 0)) !== undefined,
  },
  type: {
    parameters: [parameter("name", "name"), parameter("detail", "string", ["true", "false"])],
    optional: 1,
    returns: "string",
    apply: (args, context) => {
      const value = context.variable(textAt(args, 0));
      const name = value === undefined ? "none" : typeOf(value);
      const detailed = textAt(args, 1) === "true";
      if (!detailed) return scalar(name);
      return scalar(
        value === undefined ? "policy none" : name === "data" ? `data ${containerKind(value)}` : `policy ${name}`,
      );
    },
  },
  some: quantifier((selected) => selected > 0),
  every: quantifier((selected, all) => selected === all),
  none: quantifier((selected) => selected === 0),
  reglist: {
    parameters: [parameter("list", "list"), parameter("pattern", "regex")],
    returns: "class",
    apply: (args, context) => anyMatches(args, 0, 1, context),
  },
  regarray: {
    parameters: [parameter("array", "list"), parameter("pattern", "regex")],
    returns: "class",
    apply: (args, context) => anyMatches(args, 0, 1, context),
  },
};

/** `ifelse(class, value, class, value, ..., value)`: the first value whose class holds. */
function chooseBranch(args: readonly Argument[], context: FunctionContext, position: Argument["position"]) {
  if (args.length % 2 === 0) {
    context.fail(
      "POLICY_ARGUMENT_COUNT",
      "ifelse takes an odd number of arguments: pairs of class and value, then the last value",
      position,
    );
    return undefined;
  }
  for (let at = 0; at + 1 < args.length; at += 2) {
    const condition = args[at];
    if (
      condition !== undefined &&
      !condition.text.includes("$(") &&
      context.holds(condition.text, condition.position)
    ) {
      return args[at + 1]?.value;
    }
  }
  return args.at(-1)?.value;
}

function containerKind(value: { readonly kind: string }): string {
  return "json" in value && Array.isArray(value.json) ? "array" : "object";
}

function quantifier(holds: (selected: number, all: number) => boolean): FunctionFamily[string] {
  return {
    parameters: [parameter("pattern", "regex"), parameter("list", "list")],
    returns: "class",
    apply: (args, context) => {
      const items = itemsOfArgument(args[1], context);
      const selected = items === undefined ? undefined : selectMatching(args, 0, items, context);
      return items === undefined || selected === undefined ? undefined : holds(selected.length, items.length);
    },
  };
}

function anyMatches(args: readonly Argument[], listAt: number, patternIndex: number, context: FunctionContext) {
  const items = itemsOfArgument(args[listAt], context);
  const selected = items === undefined ? undefined : selectMatching(args, patternIndex, items, context);
  return selected === undefined ? undefined : selected.length > 0;
}
