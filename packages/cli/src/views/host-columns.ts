/** Columns and fields that guests and networks share. */
import type { HostRow } from "../host-view.ts";
import type { Column } from "../output/table.ts";
import { formatDuration } from "../output/units.ts";

/** `active` or `running` where it was seen; `absent` where it was not; `unknown` where nobody could look. */
export function stateOf<Observed>(row: HostRow<Observed>, seen: (observed: Observed) => string): string {
  if (row.observed !== undefined) return seen(row.observed);
  return row.unknown === undefined ? "absent" : "unknown";
}

/** The state that policy promises, `-` for what nobody declared. */
export function promisedCell(row: HostRow<unknown>): string {
  return row.promise?.state ?? "-";
}

/** `yes`, `no`, or `-` for what was not seen. */
export function yesNo(value: boolean | undefined): string {
  if (value === undefined) return "-";
  return value ? "yes" : "no";
}

/** The last column: how old the knowledge is. */
export const ageColumn: Column<HostRow<unknown>> = { title: "AGE", cell: (row) => formatDuration(row.ageSeconds) };

/** The connection, for `-o wide`. */
export const uriColumn: Column<HostRow<unknown>> = { title: "URI", cell: (row) => row.uri ?? "-", wide: true };

/** Fields that end every item in JSON. */
export function commonJson(row: HostRow<unknown>): object {
  return {
    promised: row.promise?.state ?? null,
    uri: row.uri ?? null,
    ...(row.unknown === undefined ? {} : { unknown_because: row.unknown }),
    seen_at: row.seenAt,
    age_seconds: row.ageSeconds,
  };
}
