/**
 * Tables without borders: columns stand two blanks apart, the last one is not padded, so that lines end where their
 * text ends and `awk` finds the first column by its number.
 */
import { colourOf, type Painter } from "./colour.ts";
import { printable } from "./printable.ts";

/** One column of a table over items of type `T`. */
export interface Column<T> {
  /** Upper case, as shown. */
  readonly title: string;
  readonly cell: (item: T) => string;
  /** Shown by `-o wide` only. @default false */
  readonly wide?: boolean;
  /** Cells are states, outcomes or severities and get their colour. @default false */
  readonly coloured?: boolean;
}

/** How a table is laid out. */
export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
  readonly paint: Painter;
}

/** @returns the lines of the table, each ended by a line feed; empty for no items */
export function renderTable<T>(columns: readonly Column<T>[], items: readonly T[], options: TableOptions): string {
  if (items.length === 0) return "";
  const shown = columns.filter((column) => options.wide || column.wide !== true);
  const rows = items.map((item) => shown.map((column) => printable(column.cell(item))));
  const widths = shown.map((column, index) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[index] ?? "")), options.headers ? width(column.title) : 0),
  );
  const line = (cells: readonly string[], paintCell: (text: string, index: number) => string): string =>
    cells
      .map((cell, index) => {
        const gap = index === cells.length - 1 ? "" : " ".repeat((widths[index] ?? 0) - width(cell) + 2);
        return paintCell(cell, index) + gap;
      })
      .join("")
      .trimEnd();
  const lines = rows.map((row) =>
    line(row, (text, index) => options.paint(shown[index]?.coloured === true ? colourOf(text) : undefined, text)),
  );
  const titles = shown.map((column) => column.title);
  if (options.headers) lines.unshift(line(titles, (text) => options.paint("bold", text)));
  return lines.map((text) => `${text}\n`).join("");
}

/** Columns that a text takes, counted in code points: names are ASCII nearly always, and never wider than that. */
function width(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
