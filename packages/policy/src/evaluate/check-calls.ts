/** Checks the calls that stand in the policy: that there is such a function, and that its literal arguments fit. */
import { argumentProblem } from "../functions/argument-problem.ts";
import { functionTable, unavailableFunctions } from "../functions/function-table.ts";
import type { PolicyFunction } from "../functions/function-types.ts";
import type { Call, Value } from "../syntax/ast.ts";
import { closestWord } from "../syntax/closest-word.ts";
import type { FindingList } from "./finding-list.ts";
import { scalar } from "./policy-value.ts";
import { hasReference } from "./text-template.ts";

/** Calls nest as deep as the parser lets them; beyond this they are reported when they are evaluated. */
const nestingMax = 64;

/** Checks every call in a right side, at any depth. */
export function checkCalls(value: Value, findings: FindingList, depth = 0): void {
  if (depth > nestingMax) return;
  if (value.kind === "list") for (const element of value.elements) checkCalls(element, findings, depth + 1);
  if (value.kind !== "call") return;
  const called = functionTable.get(value.name.text);
  if (called === undefined) reportUnknown(value, findings);
  else checkCall(value, called, findings);
  for (const argument of value.args) checkCalls(argument, findings, depth + 1);
}

function reportUnknown(call: Call, findings: FindingList): void {
  const name = call.name.text;
  const length = name.length;
  if (unavailableFunctions.has(name)) {
    const message = `the function ${name} is CFEngine's and not available here: what depends on it stays unknown`;
    findings.add("POLICY_FUNCTION_NOT_AVAILABLE", call.position, message, { severity: "warning", length });
    return;
  }
  const hint = closestWord(name, [...functionTable.keys(), ...unavailableFunctions]);
  findings.add("POLICY_UNKNOWN_FUNCTION", call.position, `there is no function ${name}`, {
    length,
    ...(hint === undefined ? {} : { hint }),
  });
}

function checkCall(call: Call, called: PolicyFunction, findings: FindingList): void {
  const name = call.name.text;
  const most = called.variadic === true ? Number.POSITIVE_INFINITY : called.parameters.length;
  const least = called.parameters.length - (called.optional ?? 0);
  const given = call.args.length;
  if (given < least || given > most) {
    const names = called.parameters.map((parameter) => parameter.name).join(", ");
    const wanted =
      most === Number.POSITIVE_INFINITY ? `at least ${least}` : least === most ? String(most) : `${least} to ${most}`;
    const message = `${name} takes ${wanted} argument${wanted === "1" ? "" : "s"} (${names}), not ${given}`;
    findings.add("POLICY_ARGUMENT_COUNT", call.position, message, { length: name.length });
    return;
  }
  if (name === "ifelse" && given % 2 === 0) {
    const message = "ifelse takes an odd number of arguments: pairs of class and value, then the last value";
    findings.add("POLICY_ARGUMENT_COUNT", call.position, message, { length: name.length });
  }
  for (const [index, argument] of call.args.entries()) checkArgument(name, called, index, argument, findings);
}

function checkArgument(
  name: string,
  called: PolicyFunction,
  index: number,
  argument: Value,
  findings: FindingList,
): void {
  const parameter = called.parameters[Math.min(index, called.parameters.length - 1)];
  if (parameter === undefined || argument.kind !== "string" || hasReference(argument.text)) return;
  const problem = argumentProblem(parameter, scalar(argument.text));
  if (problem !== undefined) findings.add("POLICY_ARGUMENT_TYPE", argument.position, `${name}: ${problem}`);
}
