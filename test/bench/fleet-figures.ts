/** Times of the fleet bench, ours and the peers', as Markdown that can stand in the README. */
import { isMet, type Target } from "./figures.ts";
import { markdown } from "./markdown.ts";

/** What is compared with what. */
export type FigureGroup = "failover" | "claim" | "duplicate";

/** One program's times for one thing. */
export interface FleetFigure {
  readonly group: FigureGroup;
  readonly program: string;
  readonly ms: readonly number[];
}

const titles: Readonly<Record<FigureGroup, string>> = {
  failover: "power cut to takeover",
  claim: "durable at a majority",
  duplicate: "heal to one copy",
};

/** One table for each group, its programs by their median. */
export function renderFleetFigures(figures: readonly FleetFigure[]): string {
  const groups = (Object.keys(titles) as FigureGroup[]).map((group) => {
    const rows = figures
      .filter((figure) => figure.group === group && figure.ms.length > 0)
      .sort((a, b) => middle(a.ms) - middle(b.ms))
      .map(({ program, ms }) => {
        const name = program.startsWith("berth") ? `**${program}**` : program;
        const range = `${duration(Math.min(...ms))} to ${duration(Math.max(...ms))}`;
        return [name, duration(middle(ms)), range, String(ms.length)];
      });
    return rows.length === 0 ? "" : markdown([titles[group], "median", "least to most", "runs"], rows);
  });
  return groups.filter((table) => table !== "").join("\n");
}

/** The promises, and what was seen of each. */
export function renderFleetTargets(targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const { what, limit, seen, unit } = target;
    return [what, `${limit} ${unit}`, `${seen.toFixed(seen >= 100 ? 0 : 2)} ${unit}`, isMet(target) ? "yes" : "NO"];
  });
  return rows.length === 0 ? "" : markdown(["target", "limit", "seen", "met"], rows);
}

/** Median, both ends and number in one line. */
export function rangeOf(ms: readonly number[]): string {
  const runs = ms.length === 1 ? "1 run" : `${ms.length} runs`;
  return `${duration(middle(ms))} (${duration(Math.min(...ms))} to ${duration(Math.max(...ms))}, ${runs})`;
}

/** The middle value; not a number for none. */
export function middle(ms: readonly number[]): number {
  return [...ms].sort((a, b) => a - b)[Math.floor(ms.length / 2)] ?? Number.NaN;
}

function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "-";
  return ms < 1000 ? `${ms.toFixed(ms < 100 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
