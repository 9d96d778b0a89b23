import type { Painter } from "./colour.ts";
import { envelope, type Unreachable } from "./envelope.ts";
import type { Column } from "./table.ts";
import { renderTable } from "./table.ts";

/** Values of `-o`. */
export const outputFormats = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** How items of one kind are shown, in every format. */
export interface ListView<T> {
  /** The envelope's kind, such as `GuestList`. */
  readonly kind: string;
  readonly columns: readonly Column<T>[];
  /** What `-o name` prints, in the form that other commands take: `guest/web1`. */
  readonly name: (item: T) => string;
  /** The item in JSON and YAML: units in the names (`memory_bytes`), times in RFC 3339 UTC. */
  readonly json: (item: T) => object;
}

/** Everything that decides about the text beside the items themselves. */
export interface ListOptions {
  readonly format: OutputFormat;
  readonly headers: boolean;
  readonly paint: Painter;
  /** The host that answers. */
  readonly asSeenBy: string;
  readonly unreachable?: readonly Unreachable[];
  /** Fields that stand beside the items in JSON and YAML, such as the counts of a pass. */
  readonly extra?: object;
}

/** @returns the whole answer as one text, ready for stdout */
export async function renderList<T>(view: ListView<T>, items: readonly T[], options: ListOptions): Promise<string> {
  switch (options.format) {
    case "table":
    case "wide":
      return renderTable(view.columns, items, {
        wide: options.format === "wide",
        headers: options.headers,
        paint: options.paint,
      });
    case "name":
      return items.map((item) => `${view.name(item)}\n`).join("");
    case "json":
      return `${JSON.stringify(answer(view, items, options), undefined, 2)}\n`;
    case "yaml": {
      const { stringify } = await import("yaml");
      return stringify(answer(view, items, options), { lineWidth: 0 });
    }
  }
}

function answer<T>(view: ListView<T>, items: readonly T[], options: ListOptions): object {
  const frame = envelope(view.kind, options.asSeenBy, items.map(view.json), options.unreachable);
  return { ...frame, ...options.extra };
}
