/** `berth get` of the fleet, as this host's agent sees it. */
import type { AgentClient, ListItems } from "@berth/agent/api/client";
import { refuseMissing } from "./host-lists.ts";
import { outputChoice } from "./options.ts";
import type { ListView } from "./output/list-view.ts";
import { formatDuration } from "./output/units.ts";
import type { OutputChoice, Session } from "./session.ts";
import {
  claimView,
  fleetGuestView,
  fleetHostView,
  fleetNetworkView,
  fleetPromiseView,
  peerView,
} from "./views/fleet-views.ts";
import type { Screen } from "./watch.ts";

type Kinds = keyof ListItems;

const views: { readonly [Kind in Kinds]: ListView<ListItems[Kind]> } = {
  guests: fleetGuestView,
  hosts: fleetHostView,
  networks: fleetNetworkView,
  claims: claimView,
  promises: fleetPromiseView,
  peers: peerView,
};

/** What is to be listed. */
export interface FleetListRequest<Kind extends Kinds> {
  readonly kind: Kind;
  /** Empty for all. */
  readonly names: readonly string[];
  readonly choice: OutputChoice;
}

/** One look at the fleet. @throws CliError NOT_FOUND for a name that nobody speaks of */
export async function lookAtFleet<Kind extends Kinds>(
  { kind, names, choice }: FleetListRequest<Kind>,
  client: AgentClient,
  session: Session,
): Promise<Screen> {
  const { items, asSeenBy, unreachable } = await client.list(kind);
  const view: ListView<ListItems[Kind]> = views[kind];
  const nameOf = (item: ListItems[Kind]): string => view.name(item).replace(/^[a-z]+\//, "");
  const chosen = names.length === 0 ? items : items.filter((item) => names.includes(nameOf(item)));
  const text = await session.render(view, chosen, outputChoice(choice), { asSeenBy, unreachable });
  const noun = kind.replace(/s$/, "");
  refuseMissing(noun, `in the fleet, as far as ${asSeenBy} hears`, names, new Set(items.map(nameOf)));
  const empty = items.length === 0 ? [`No ${noun}s, as far as ${asSeenBy} hears.`] : [];
  return { text, notes: [...empty, ...missingNotes(kind, asSeenBy, unreachable), ...duplicateNotes(kind, items)] };
}

/** What an answer lacks is said on stderr too: a table alone would look complete. */
function missingNotes(
  kind: Kinds,
  asSeenBy: string,
  unreachable: readonly { readonly host: string; readonly reason: string }[],
): string[] {
  if (unreachable.length === 0) return [];
  const hosts = unreachable.map(({ host }) => host).join(", ");
  if (kind === "networks")
    return [`These are the networks of ${asSeenBy}; ${hosts}: ask there, networks are not gossiped.`];
  return [`As seen by ${asSeenBy}, which does not hear all: ${unreachable.map(({ reason }) => reason).join("; ")}.`];
}

function duplicateNotes(kind: Kinds, items: readonly object[]): string[] {
  if (kind !== "guests") return [];
  const twice = (items as readonly ListItems["guests"][]).filter(({ duplicate }) => duplicate);
  return [...Map.groupBy(twice, ({ uuid }) => uuid).values()].map((copies) => {
    const where = copies.map(({ host, age_seconds }) => `${host} (${formatDuration(age_seconds)} ago)`).join(" and ");
    return `${copies[0]?.name} RUNS TWICE: on ${where}.`;
  });
}
