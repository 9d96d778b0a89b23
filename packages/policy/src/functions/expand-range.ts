/**
 * `expandrange("host[1-3]", 1)`: one name for each number of the range, counting by the step, downwards where the range
 * runs backwards. Only the first range counts,
 * a second stays text, as in CFEngine.
 */
export type RangeExpansion =
  | { readonly ok: true; readonly items: readonly string[] }
  | { readonly ok: false; readonly error: string };

/** Names that one range may give: ten times the largest fleet that is promised to work. */
export const rangeItemsMax = 100_000;

/** Expands the first range in a text, counting by `step`. */
export function expandRange(text: string, step: number): RangeExpansion {
  const match = /\[(\d{1,15})-(\d{1,15})\]/.exec(text);
  if (match === null) {
    return { ok: false, error: "a range is written with whole numbers in brackets, such as host[1-9]" };
  }
  const from = Number(match[1]);
  const to = Number(match[2]);
  const length = Math.abs(to - from);
  if (!Number.isInteger(step) || step < 1 || step > length) {
    return {
      ok: false,
      error: `the step is ${step}; it must be at least 1 and at most ${length}, the length of the range`,
    };
  }
  const count = Math.floor(length / step) + 1;
  if (count > rangeItemsMax) {
    return { ok: false, error: `the range gives ${count} names; at most ${rangeItemsMax} are made` };
  }
  const signedStep = to < from ? -step : step;
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + match[0].length);
  return {
    ok: true,
    items: Array.from({ length: count }, (_, index) => `${before}${from + index * signedStep}${after}`),
  };
}
