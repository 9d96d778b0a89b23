import { scalar } from "../evaluate/policy-value.ts";
import { itemsOfArgument } from "./collection-argument.ts";
import { type Argument, type FunctionFamily, parameter, textAt } from "./function-types.ts";
import { parseInteger, parseReal, printInteger, printReal } from "./number-text.ts";

/** A whole number argument; 0 where it is none, which the argument check has already reported. */
export function numberAt(args: readonly Argument[], index: number): number {
  return parseInteger(textAt(args, index))?.value ?? 0;
}

/** Functions of numbers. */
export const numberFunctions: FunctionFamily = {
  sum: aggregate((numbers) => numbers.reduce((total, each) => total + each, 0)),
  product: aggregate((numbers) => numbers.reduce((total, each) => total * each, 1)),
  mean: aggregate((numbers) =>
    numbers.length === 0 ? 0 : numbers.reduce((total, each) => total + each, 0) / numbers.length,
  ),
  int: {
    parameters: [parameter("number")],
    returns: "int",
    apply: (args) => {
      const value = parseReal(textAt(args, 0));
      return value === undefined || !Number.isFinite(value)
        ? undefined
        : scalar(printInteger(Math.trunc(value)), "int");
    },
  },
  isgreaterthan: comparison((order) => order > 0),
  islessthan: comparison((order) => order < 0),
};

function aggregate(combine: (numbers: readonly number[]) => number): FunctionFamily[string] {
  return {
    parameters: [parameter("list", "list")],
    returns: "real",
    apply: (args, context) => {
      const numbers = itemsOfArgument(args[0], context)?.map(parseReal);
      if (numbers === undefined || !numbers.every((each) => each !== undefined)) return undefined;
      return scalar(printReal(combine(numbers)), "real");
    },
  };
}

/** Two numbers compare as numbers, anything else as text. */
function comparison(holds: (order: number) => boolean): FunctionFamily[string] {
  return {
    parameters: [parameter("left"), parameter("right")],
    returns: "class",
    apply: (args) => {
      const [left, right] = [textAt(args, 0), textAt(args, 1)];
      const [leftNumber, rightNumber] = [parseReal(left), parseReal(right)];
      if (leftNumber !== undefined && rightNumber !== undefined) return holds(leftNumber - rightNumber);
      return holds(left < right ? -1 : left > right ? 1 : 0);
    },
  };
}
