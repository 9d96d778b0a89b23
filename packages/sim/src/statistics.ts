/** Percentiles of a measurement, nearest rank. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly mean: number;
}

/** Percentiles of a list of numbers. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const sum = sorted.reduce((total, value) => total + value, 0);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1), mean: sum / sorted.length };
}

/** Milliseconds as seconds with two decimals. */
export function inSeconds(ms: number): string {
  return Number.isNaN(ms) ? "-" : `${(ms / 1000).toFixed(2)} s`;
}

/** Rows as a Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
