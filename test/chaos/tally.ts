/** What a campaign came to, over all its episodes. */
import { quantile } from "../support/fleet/run-record.ts";
import type { EpisodeReport } from "./episode.ts";

/** The report as lines of text. */
export function tally(reports: readonly EpisodeReport[]): readonly string[] {
  const ends = new Map<string, number>();
  for (const { why } of reports.flatMap(({ ended }) => ended)) ends.set(why, (ends.get(why) ?? 0) + 1);
  const overlaps = reports.flatMap((report) => report.overlaps);
  const moved = reports.flatMap(({ failoversMs }) => failoversMs);
  const settled = reports.flatMap(({ settledMs }) => settledMs ?? []);
  return [
    `episodes: ${reports.length}; with problems: ${reports.filter(({ problems }) => problems.length > 0).length}`,
    `overlap: ${overlaps.reduce((sum, { ms }) => sum + ms, 0).toFixed(0)} ms in ${overlaps.length} cases`,
    `power cut to executing elsewhere: ${spread(reports.flatMap((r) => r.afterPowerCutMs))}`,
    `interruption of a guest that moved: ${spread(moved)}; the shortest ${moved.length === 0 ? "none" : `${Math.min(...moved).toFixed(0)} ms`}`,
    `pauses of guests that stayed: ${spread(reports.flatMap((r) => r.pausesMs))}`,
    `last fault over to exactly one everywhere: ${spread(settled)}`,
    `hypervisor processes ended: ${[...ends].map(([why, count]) => `${why} ${count}`).join(", ") || "none"}`,
  ];
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "none";
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => quantile(sorted, share).toFixed(0);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} ms (${sorted.length})`;
}
