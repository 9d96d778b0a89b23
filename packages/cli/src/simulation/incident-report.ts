/** What each thing that was done to the fleet led to, and after what time: from the hypervisors' journals. */
import type { Painter } from "../output/colour.ts";
import { type Column, renderTable } from "../output/table.ts";
import type { OverlapStatus, StoryLine } from "./simulation-status.ts";

/** One effect and its cause. */
export interface IncidentRow {
  readonly cause: string;
  readonly host: string;
  readonly effect: string;
  /** From the cause to the effect. */
  readonly afterMs: number;
}

/** Every effect with the last cause before it; what came before the first cause is left out. */
export function incidentRows(story: readonly StoryLine[]): readonly IncidentRow[] {
  const rows: IncidentRow[] = [];
  let cause: StoryLine | undefined;
  for (const line of story) {
    if (line.weight === "cause") cause = line;
    if (line.weight !== "effect" || cause === undefined) continue;
    rows.push({ cause: cause.text, host: line.who, effect: line.text, afterMs: line.atMs - cause.atMs });
  }
  return rows;
}

/** The rows as a table, a cause named once, and the measured overlap below. */
export function renderIncidents(story: readonly StoryLine[], overlap: OverlapStatus, paint: Painter): string {
  const rows = incidentRows(story).map((row, index, all) => ({
    ...row,
    cause: row.cause === all[index - 1]?.cause ? "" : row.cause,
  }));
  const columns: readonly Column<IncidentRow>[] = [
    { title: "WHAT WAS DONE", cell: ({ cause }) => cause },
    { title: "HOST", cell: ({ host }) => host },
    { title: "WHAT FOLLOWED", cell: ({ effect }) => effect },
    { title: "AFTER", cell: ({ afterMs }) => `${(afterMs / 1000).toFixed(2)} s` },
  ];
  const table = renderTable(columns, rows, { wide: false, headers: true, paint });
  const worst = overlap.worst === undefined ? "" : ` (${overlap.worst.guest} on ${overlap.worst.hosts.join(" and ")})`;
  const verdict = `Executing on two hosts at once: ${Math.ceil(overlap.totalMs)} ms${worst}, over ${overlap.intervals} runs of guests.`;
  return `${table}${paint(overlap.totalMs === 0 ? "green" : "red", verdict)}\n`;
}
