import type { EventItem } from "@berth/agent/api/answers";
import type { ListView } from "../output/list-view.ts";

/** How the journal is shown: in the order in which things happened. */
export const eventView: ListView<EventItem> = {
  kind: "EventList",
  columns: [
    { title: "TIME", cell: ({ at }) => at },
    { title: "LEVEL", cell: ({ level }) => level, coloured: true },
    { title: "CODE", cell: ({ code }) => code },
    { title: "ABOUT", cell: about },
    { title: "LIFE", cell: ({ life }) => String(life), wide: true },
    { title: "ID", cell: ({ id }) => String(id), wide: true },
    { title: "TEXT", cell: ({ text }) => text },
  ],
  name: ({ id }) => `event/${id}`,
  json: (item) => item,
};

function about({ guest, host }: EventItem): string {
  return (
    [...(guest === undefined ? [] : [`guest/${guest}`]), ...(host === undefined ? [] : [`host/${host}`])].join(" ") ||
    "-"
  );
}
