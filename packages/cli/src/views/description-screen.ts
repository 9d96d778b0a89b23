/**
 * A description is the agent's JSON, laid out for reading: a heading for each part, a line for each fact. What a newer agent adds is
 * shown too.
 */
import { printable } from "../output/printable.ts";
import { formatBytes, formatDuration } from "../output/units.ts";

/** @returns the lines of one description */
export function descriptionScreen(item: Readonly<Record<string, unknown>>): string {
  return lines(item, 0).join("\n").concat("\n");
}

function lines(fields: Readonly<Record<string, unknown>>, depth: number): string[] {
  const shown = Object.entries(fields);
  const width = Math.max(0, ...shown.map(([name]) => title(name).length)) + 2;
  return shown.flatMap(([name, value]) => field(name, value, depth, width));
}

function field(name: string, value: unknown, depth: number, width: number): string[] {
  const indent = "  ".repeat(depth);
  const head = `${indent}${title(name)}`;
  if (Array.isArray(value) && value.some((one) => typeof one === "object")) {
    return [`${head}:`, ...(value as Readonly<Record<string, unknown>>[]).map((one) => `${indent}  ${inline(one)}`)];
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return [`${head}:`, ...lines(value as Readonly<Record<string, unknown>>, depth + 1)];
  }
  if (Array.isArray(value) && value.some((one) => /[ ,]/.test(String(one)))) {
    // Sentences, which may have commas of their own.
    return [`${head}:`, ...value.map((one) => `${indent}  ${printable(String(one))}`)];
  }
  return [`${head}:`.padEnd(indent.length + width) + scalar(name, value)];
}

/** One object on one line. */
function inline(item: Readonly<Record<string, unknown>>): string {
  if ("at" in item && "text" in item) return printable(`${item.at}  ${item.code}  ${item.text}`);
  const facts = Object.entries(item).filter(([, value]) => value !== null && typeof value !== "object" && value !== "");
  return facts.map(([name, value]) => `${title(name).toLowerCase()} ${scalar(name, value)}`).join(", ");
}

function title(name: string): string {
  const words = name.replace(/_(seconds|bytes)$/, "").replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function scalar(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (Array.isArray(value)) return printable(value.join(", ")) || "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && name.endsWith("_bytes")) return formatBytes(value);
  if (typeof value === "number" && name === "round_trip_seconds") return `${Math.round(value * 10_000) / 10} ms`;
  if (typeof value === "number" && name.endsWith("_seconds")) return formatDuration(value);
  return printable(String(value));
}
