/** Whether an argument fits its parameter, asked of literals before evaluation and of everything else during it. */
import type { PolicyValue } from "../evaluate/policy-value.ts";
import type { Parameter } from "./function-types.ts";
import { parseInteger } from "./number-text.ts";

/** What is wrong with a value for a parameter; `undefined` where nothing is. */
export function argumentProblem(parameter: Parameter, value: PolicyValue): string | undefined {
  if (value.kind !== "scalar") {
    return takesCollections(parameter) ? undefined : `${parameter.name} must be a text, not a list`;
  }
  if (parameter.options !== undefined && !parameter.options.includes(value.text)) {
    return `${parameter.name} must be one of ${parameter.options.join(", ")}, not ${JSON.stringify(value.text)}`;
  }
  if (parameter.type === "int" && parseInteger(value.text) === undefined) {
    return `${parameter.name} must be a whole number, not ${JSON.stringify(value.text)}`;
  }
  if (parameter.type === "path" && !value.text.startsWith("/")) {
    return `${parameter.name} must be an absolute path, not ${JSON.stringify(value.text)}`;
  }
  return undefined;
}

function takesCollections(parameter: Parameter): boolean {
  return (
    parameter.type === "list" || parameter.type === "lazy" || parameter.name === "string" || parameter.name === "value"
  );
}
