import type { ObservedNetwork } from "@berth/model";
import type { NetworkRow } from "../host-view.ts";
import type { ListView } from "../output/list-view.ts";
import { ageColumn, commonJson, promisedCell, stateOf, uriColumn, yesNo } from "./host-columns.ts";

/** How networks are shown. */
export const networkView: ListView<NetworkRow> = {
  kind: "NetworkList",
  columns: [
    { title: "NAME", cell: (row) => row.name },
    { title: "TYPE", cell: (row) => row.promise?.type ?? `${row.type}_net` },
    { title: "STATE", cell: (row) => stateOf(row, activity), coloured: true },
    { title: "PROMISED", cell: promisedCell },
    { title: "AUTOSTART", cell: ({ observed }) => yesNo(observed?.autostart) },
    { title: "PERSISTENT", cell: ({ observed }) => yesNo(observed?.persistent), wide: true },
    { title: "UUID", cell: ({ observed }) => observed?.uuid ?? "-", wide: true },
    uriColumn,
    ageColumn,
  ],
  name: (row) => `network/${row.name}`,
  json: (row) => ({
    name: row.name,
    type: row.promise?.type ?? `${row.type}_net`,
    state: stateOf(row, activity),
    ...(row.observed === undefined
      ? {}
      : { uuid: row.observed.uuid, autostart: row.observed.autostart, persistent: row.observed.persistent }),
    ...commonJson(row),
  }),
};

function activity({ active }: ObservedNetwork): string {
  return active ? "active" : "inactive";
}
