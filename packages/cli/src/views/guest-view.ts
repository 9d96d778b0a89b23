import type { GuestRow } from "../host-view.ts";
import type { ListView } from "../output/list-view.ts";
import { formatBytes } from "../output/units.ts";
import { ageColumn, commonJson, promisedCell, stateOf, uriColumn, yesNo } from "./host-columns.ts";

/** How guests are shown. */
export const guestView: ListView<GuestRow> = {
  kind: "GuestList",
  columns: [
    { title: "NAME", cell: (row) => row.name },
    { title: "TYPE", cell: (row) => row.type },
    { title: "STATE", cell: (row) => stateOf(row, ({ state }) => state), coloured: true },
    { title: "PROMISED", cell: promisedCell },
    { title: "CPUS", cell: ({ observed }) => String(observed?.vcpus.current ?? "-") },
    { title: "MEMORY", cell: ({ observed }) => memoryCell(observed?.memoryKib.current) },
    { title: "AUTOSTART", cell: ({ observed }) => yesNo(observed?.autostart), wide: true },
    { title: "PERSISTENT", cell: ({ observed }) => yesNo(observed?.persistent), wide: true },
    { title: "SAVED", cell: ({ observed }) => yesNo(observed?.managedSave), wide: true },
    { title: "UUID", cell: ({ observed }) => observed?.uuid ?? "-", wide: true },
    uriColumn,
    ageColumn,
  ],
  name: (row) => `guest/${row.name}`,
  json: (row) => ({
    name: row.name,
    type: row.type,
    state: stateOf(row, ({ state }) => state),
    ...(row.observed === undefined
      ? {}
      : {
          uuid: row.observed.uuid,
          vcpus: row.observed.vcpus.current,
          vcpus_maximum: row.observed.vcpus.maximum,
          memory_bytes: row.observed.memoryKib.current * 1024,
          memory_maximum_bytes: row.observed.memoryKib.maximum * 1024,
          autostart: row.observed.autostart,
          persistent: row.observed.persistent,
          managed_save: row.observed.managedSave,
        }),
    ...commonJson(row),
  }),
};

function memoryCell(kib: number | undefined): string {
  return kib === undefined ? "-" : formatBytes(kib * 1024);
}
