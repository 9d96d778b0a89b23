/**
 * Numbers as CFEngine writes them: whole numbers with suffixes k m g (powers of 1000) and K M G (powers of 1024), `inf`,
 * and reals. Everything else, trailing letters included, is not a number.
 */

const multipliers: Readonly<Record<string, number>> = {
  "": 1,
  k: 1000,
  m: 1000 ** 2,
  g: 1000 ** 3,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
};

/** A whole number as written and as it counts. */
export interface PolicyInteger {
  /** `Infinity` for `inf`. */
  readonly value: number;
  /** The suffix as written, or empty. */
  readonly suffix: string;
}

/** Reads `12`, `-3`, `2k`, `512M`, `inf`; `undefined` where the text is none of these. */
export function parseInteger(text: string): PolicyInteger | undefined {
  const trimmed = text.trim();
  if (trimmed === "inf") return { value: Number.POSITIVE_INFINITY, suffix: "" };
  const match = /^([-+]?\d{1,18})([kmgKMG]?)$/.exec(trimmed);
  if (match === null) return undefined;
  const suffix = match[2] ?? "";
  return { value: Number(match[1]) * (multipliers[suffix] ?? 1), suffix };
}

/** Reads `1.5`, `-2`, `1e3`, `2k`; `undefined` where the text is no number. */
export function parseReal(text: string): number | undefined {
  const match = /^\s*([-+]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][-+]?\d{1,3})?)([kmgKMG]?)\s*$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (multipliers[match[2] ?? ""] ?? 1);
}

/** A real as CFEngine prints it: six digits after the point. */
export function printReal(value: number): string {
  return Math.abs(value) < 1e21 ? value.toFixed(6) : String(value);
}

/** Whole numbers beyond 2^53 have no exact value here; CFEngine's own limit is of the same order. */
export function printInteger(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(Math.trunc(value)).toString();
}
