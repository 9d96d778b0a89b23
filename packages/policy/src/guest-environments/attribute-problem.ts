import { unsupportedTypes } from "@berth/model";
import { parseClassExpression } from "../class-expression/parse-class-expression.ts";
import { parseInteger } from "../functions/number-text.ts";
import { closestWord } from "../syntax/closest-word.ts";
import { type GuestAttribute, memoryKibSuspicious } from "./guest-attributes.ts";

/** What is wrong with the text of an attribute. */
export interface AttributeProblem {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
}

/** Checks the text of an attribute, all variables expanded, against its row of the table. Empty where it is fine. */
export function attributeProblems(attribute: GuestAttribute, text: string): readonly AttributeProblem[] {
  switch (attribute.type) {
    case "option":
      return optionProblems(attribute, text);
    case "int":
      return integerProblems(attribute, text);
    case "class":
      return classProblems(attribute, text);
    case "path":
      return text.startsWith("/") ? [] : [notAbsolute(attribute, text)];
    case "spec":
      return specProblems(attribute, text);
    case "text":
    case "list":
    case "body":
      return [];
  }
}

function error(code: string, message: string, hint?: string): AttributeProblem {
  return { code, severity: "error", message, ...(hint === undefined ? {} : { hint }) };
}

function optionProblems(attribute: GuestAttribute, text: string): readonly AttributeProblem[] {
  const options = attribute.options ?? [];
  if (!options.includes(text)) {
    const message = `${attribute.name} must be one of ${options.join(", ")}, not ${JSON.stringify(text)}`;
    return [error("GUEST_UNKNOWN_OPTION", message, closestWord(text, options))];
  }
  if (!(unsupportedTypes as readonly string[]).includes(text)) return [];
  return [error("GUEST_TYPE_NOT_SUPPORTED", `${attribute.name} ${text} is part of the language and not supported yet`)];
}

function integerProblems(attribute: GuestAttribute, text: string): readonly AttributeProblem[] {
  const number = parseInteger(text);
  if (number === undefined) {
    return [error("GUEST_NOT_A_NUMBER", `${attribute.name} must be a whole number, not ${JSON.stringify(text)}`)];
  }
  const [min, max] = attribute.range ?? [0, Number.MAX_SAFE_INTEGER];
  if (number.value < min || number.value > max) {
    const meaning = number.suffix === "" ? "" : ` (that is ${number.value})`;
    const message = `${attribute.name} must be from ${min} to ${max}, not ${text}${meaning}`;
    return [error("GUEST_OUT_OF_RANGE", message)];
  }
  return attribute.name === "env_memory" ? memoryProblems(text, number.value, number.suffix) : [];
}

/** The trap of CFEngine's language: the number is in KiB, and a suffix multiplies it once more. */
function memoryProblems(text: string, kib: number, suffix: string): readonly AttributeProblem[] {
  if (kib < memoryKibSuspicious) {
    const hint = kib >= 16 ? String(kib * 1024) : undefined;
    const message = `env_memory is in KiB: ${text} is ${sizeText(kib)}, hardly enough for any guest`;
    return [{ code: "GUEST_MEMORY_SMALL", severity: "warning", message, ...(hint === undefined ? {} : { hint }) }];
  }
  if (suffix === "") return [];
  const message = `env_memory is in KiB and the suffix multiplies it: ${text} is ${sizeText(kib)}`;
  return [{ code: "GUEST_MEMORY_SUFFIX", severity: "warning", message }];
}

function sizeText(kib: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = kib;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}

function classProblems(attribute: GuestAttribute, text: string): readonly AttributeProblem[] {
  if (/^\w+$/.test(text)) return [];
  const parsed = parseClassExpression(text);
  if (parsed.ok) return [];
  return [error("GUEST_INVALID_HOST_CLASS", `${attribute.name}: ${parsed.error.message}`, parsed.error.hint)];
}

function notAbsolute(attribute: GuestAttribute, text: string): AttributeProblem {
  return error("GUEST_PATH_NOT_ABSOLUTE", `${attribute.name} must be an absolute path, not ${JSON.stringify(text)}`);
}

function specProblems(attribute: GuestAttribute, text: string): readonly AttributeProblem[] {
  const trimmed = text.trim();
  if (trimmed.startsWith("<") || trimmed.startsWith("/")) return [];
  const found = trimmed === "" ? "it is empty" : `it starts with ${JSON.stringify(trimmed.slice(0, 20))}`;
  return [
    error(
      "GUEST_SPEC_UNREADABLE",
      `${attribute.name} must be libvirt XML or the absolute path of a file with it; ${found}`,
    ),
  ];
}
