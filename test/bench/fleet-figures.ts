/** Times of the fleet bench, ours and the peers', and how they are shown. */
import { renderTable } from "../../packages/cli/src/output/table.ts";

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

/** A table with the middle and both ends of each. */
export function renderFleetFigures(figures: readonly FleetFigure[]): string {
  return renderTable<FleetFigure>(
    [
      { title: "WHAT", cell: ({ group }) => titles[group] },
      { title: "PROGRAM", cell: ({ program }) => program },
      { title: "MEDIAN", cell: ({ ms }) => duration(middle(ms)) },
      { title: "LEAST", cell: ({ ms }) => duration(Math.min(...ms)) },
      { title: "MOST", cell: ({ ms }) => duration(Math.max(...ms)) },
      { title: "RUNS", cell: ({ ms }) => String(ms.length) },
    ],
    [...figures].sort((a, b) => a.group.localeCompare(b.group) || middle(a.ms) - middle(b.ms)),
    { wide: false, headers: true, paint: (_colour: unknown, text: string) => text },
  );
}

/** The middle value; not a number for none. */
export function middle(ms: readonly number[]): number {
  return [...ms].sort((a, b) => a - b)[Math.floor(ms.length / 2)] ?? Number.NaN;
}

function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "-";
  return ms < 1000 ? `${ms.toFixed(ms < 100 ? 1 : 0)}ms` : `${(ms / 1000).toFixed(2)}s`;
}
