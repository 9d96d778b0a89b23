/**
 * Numbers for people. Tables round to what an eye can use; JSON carries the exact integers under names that end in
 * `_bytes` or `_seconds`.
 */

const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** IEC size with at most one decimal and no blank, so that a cell stays one word: `64MiB`, `1.5GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would be shown as 1024.0: the next unit says it better.
  while (Math.abs(value) >= 1023.95 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = Number.isInteger(value) ? String(value) : value.toFixed(1).replace(/\.0$/, "");
  return `${digits}${binaryUnits[unit]}`;
}

/** Age or duration with at most two units: `0s`, `42s`, `3m10s`, `2h5m`, `3d4h`; under a second `0s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");
}

/** `1 guest`, `2 guests`: a count with its noun. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
