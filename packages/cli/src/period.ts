import { CliError } from "./cli-error.ts";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `10m`, `1h`, `2d`, `1h30m` as seconds. @throws CliError USAGE */
export function parsePeriod(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new CliError("USAGE", `${option}: "${text}" is not a length of time such as 30s, 10m, 1h or 2d`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0), 0);
}
