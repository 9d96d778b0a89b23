import { printJson } from "../evaluate/json-value.ts";
import type { PolicyValue } from "../evaluate/policy-value.ts";
import { parseReal } from "./number-text.ts";

/**
 * `format("%-5s %05d", ...)`: C's printf with the conversions d, o, x, f and s, and CFEngine's own S, which prints lists and
 * containers as text. Other letters give `(unhandled format)` as in CFEngine. A missing argument gives no result; a spare one
 * is ignored.
 */
export type FormatResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly error: string };

const conversion = /%([-+ 0#]*)(\d{0,4})(?:\.(\d{0,3}))?([a-zA-Z%])/g;

interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly letter: string;
}

/** A value to be formatted: its text, and what `%S` prints. */
export interface FormatArgument {
  readonly text: string;
  readonly whole: PolicyValue;
}

/** Formats; %S takes a list or container. */
export function formatText(pattern: string, args: readonly FormatArgument[]): FormatResult {
  let next = 0;
  let missing = false;
  const text = pattern.replace(
    conversion,
    (_, flags: string, width: string, precision: string | undefined, letter: string) => {
      if (letter === "%") return "%";
      const argument = args[next];
      next += 1;
      if (argument === undefined || (letter === "S" && argument.whole.kind === "scalar")) missing = true;
      const parsed = {
        flags,
        width: Number(width || "0"),
        precision: precision === undefined ? undefined : Number(precision),
        letter,
      };
      return argument === undefined ? "" : pad(convert(parsed, argument), parsed);
    },
  );
  return missing
    ? { ok: false, error: `the pattern takes ${next} values (%S a list or container), ${args.length} are given` }
    : { ok: true, text };
}

function convert({ letter, precision, flags }: Conversion, { text, whole }: FormatArgument): string {
  const real = parseReal(text) ?? 0;
  const sign = flags.includes("+") && real >= 0 ? "+" : "";
  switch (letter) {
    case "d":
      return sign + digits(String(integerOf(text)), precision);
    case "o":
      return digits(integerOf(text).toString(8), precision);
    case "x":
      return digits(integerOf(text).toString(16), precision);
    case "f":
      return sign + real.toFixed(Math.min(precision ?? 6, 100));
    case "s":
      return precision === undefined ? text : text.slice(0, precision);
    case "S":
      return printWhole(whole);
    default:
      return "(unhandled format)";
  }
}

function integerOf(text: string): bigint {
  return BigInt(/^\s*[-+]?\d{1,18}/.exec(text)?.[0]?.trim() ?? "0");
}

function digits(text: string, precision: number | undefined): string {
  const negative = text.startsWith("-");
  const padded = (negative ? text.slice(1) : text).padStart(precision ?? 0, "0");
  return negative ? `-${padded}` : padded;
}

function pad(text: string, { flags, width, letter }: Conversion): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0") || letter === "s" || letter === "S") return text.padStart(width);
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

/** `%S` quotes the items of a list, as observed: `{ "a", "b" }`; a container is JSON. */
function printWhole(value: PolicyValue): string {
  if (value.kind === "data") return printJson(value.json);
  if (value.kind === "list")
    return value.items.length === 0 ? "{  }" : `{ ${value.items.map((item) => JSON.stringify(item)).join(", ")} }`;
  return value.text;
}
