import type { ExplainStep, ExplanationItem } from "@berth/agent/api/answers";
import type { Painter } from "../output/colour.ts";
import { printable } from "../output/printable.ts";
import { type Column, renderTable } from "../output/table.ts";

interface Row extends ExplainStep {
  readonly decides: boolean;
}

const columns: readonly Column<Row>[] = [
  { title: "CHECK", cell: ({ check }) => check },
  { title: "ANSWER", cell: ({ verdict }) => verdict, coloured: true },
  { title: "WHY", cell: ({ text, decides }) => (decides ? `${text}   <- decides` : text) },
];

/** The sentence first, then the questions that lead to it, then what cannot be known from here. */
export function explanationScreen(item: ExplanationItem, headers: boolean, paint: Painter): string {
  const rows = item.steps.map((step) => ({ ...step, decides: step.check === item.decided_by }));
  const table = renderTable(columns, rows, { wide: false, headers, paint });
  const spots = item.blind_spots.map((spot) => `  ${printable(spot)}\n`).join("");
  return `${paint("bold", printable(item.conclusion))}\n\n${table}${spots === "" ? "" : `\nWhat this host cannot know:\n${spots}`}`;
}
