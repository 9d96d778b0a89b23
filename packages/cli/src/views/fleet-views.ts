/** How what the agent says of the fleet is shown in tables. In JSON its items stand as they came. */
import type { ClaimItem, GuestItem, HostItem, NetworkItem, PeerItem, PromiseItem } from "@berth/agent/api/answers";
import type { ListView } from "../output/list-view.ts";
import type { Column } from "../output/table.ts";
import { formatBytes, formatDuration } from "../output/units.ts";

/** Guests: a row for each copy. */
export const fleetGuestView: ListView<GuestItem> = {
  kind: "GuestList",
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "HOST", cell: ({ host }) => host ?? "-" },
    { title: "STATE", cell: guestState, coloured: true },
    { title: "PROMISED", cell: promisedCell },
    { title: "OWNER", cell: ({ owner }) => owner ?? "-" },
    { title: "EPOCH", cell: ({ epoch }) => (epoch === 0 ? "-" : String(epoch)), wide: true },
    { title: "MODE", cell: ({ mode }) => mode ?? "-", wide: true },
    { title: "UUID", cell: ({ uuid }) => uuid || "-", wide: true },
    { title: "PHASE", cell: ({ here }) => here?.phase ?? "-", wide: true },
    { title: "WHY", cell: ({ here }) => here?.reason ?? "-", wide: true },
    age(({ age_seconds }) => age_seconds),
  ],
  name: ({ name }) => `guest/${name}`,
  json: (item) => item,
};

/** The state, and what a reader must know with it. */
export function guestState({ state, state_reason, duplicate }: GuestItem): string {
  if (state_reason !== undefined) return `${state} (${state_reason})`;
  return duplicate ? `${state} (twice)` : state;
}

/** What the policy of the answering host says; a guest that only other hosts' policies name is protected by those. */
function promisedCell({ promised, protected: isProtected }: GuestItem): string {
  return promised ?? (isProtected ? "elsewhere" : "-");
}

/** Hosts, with what each says of itself. */
export const fleetHostView: ListView<HostItem> = {
  kind: "HostList",
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "ROLE", cell: ({ role, hypervisor }) => (hypervisor ? role : `${role}, witness`) },
    { title: "STATE", cell: hostState, coloured: true },
    { title: "LEASE", cell: ({ leased }) => word(leased, "held", "none"), coloured: true },
    { title: "GUESTS", cell: ({ guests }) => cell(guests) },
    { title: "FREE", cell: ({ memory_free_bytes: free }) => (free === null ? "-" : formatBytes(free)) },
    { title: "VERSION", cell: ({ release }) => release ?? "-" },
    { title: "POLICY", cell: ({ policy_digest }) => policy_digest?.slice(0, 8) || "-" },
    { title: "HYPERVISOR", cell: ({ hypervisor_up }) => word(hypervisor_up, "up", "down"), wide: true },
    { title: "CPUS", cell: ({ cpus }) => cell(cpus), wide: true },
    {
      title: "MEMORY",
      cell: ({ memory_bytes }) => (memory_bytes === null ? "-" : formatBytes(memory_bytes)),
      wide: true,
    },
    { title: "WEIGHT", cell: ({ weight }) => cell(weight), wide: true },
    { title: "INCARNATION", cell: ({ incarnation }) => cell(incarnation), wide: true },
    {
      title: "CONFIG",
      cell: ({ config_number, profile }) => `${cell(config_number)} ${profile ?? ""}`.trim(),
      wide: true,
    },
    { title: "CLOCK", cell: ({ clock_offset_seconds }) => offset(clock_offset_seconds), wide: true },
    { title: "ADDRESSES", cell: ({ addresses }) => addresses.join(",") || "-", wide: true },
    age(({ age_seconds }) => age_seconds),
  ],
  name: ({ name }) => `host/${name}`,
  json: (item) => item,
};

function hostState({ state, state_reason, draining }: HostItem): string {
  if (state_reason !== undefined) return `${state} (${state_reason})`;
  return draining === true ? `${state} (draining)` : state;
}

/** Claims: who may run what. */
export const claimView: ListView<ClaimItem> = {
  kind: "ClaimList",
  columns: [
    { title: "GUEST", cell: ({ guest }) => guest },
    { title: "OWNER", cell: ({ owner }) => owner ?? "-" },
    { title: "LIVES", cell: ({ owner_state }) => owner_state, coloured: true },
    { title: "EPOCH", cell: ({ epoch }) => String(epoch) },
    { title: "INCARNATION", cell: ({ incarnation }) => String(incarnation) },
    { title: "PHASE", cell: ({ phase }) => phase ?? "-" },
    { title: "NEXT", cell: ({ next }) => next ?? "-", wide: true },
    { title: "MODE", cell: ({ mode }) => mode ?? "-", wide: true },
    { title: "RUN", cell: ({ run_id }) => run_id, wide: true },
    { title: "SAYS", cell: ({ said_by }) => said_by, wide: true },
    { title: "WHY", cell: ({ reason }) => reason ?? "-", wide: true },
    age(({ age_seconds }) => age_seconds),
  ],
  name: ({ guest }) => `claim/${guest}`,
  json: (item) => item,
};

/** Networks of the answering host. */
export const fleetNetworkView: ListView<NetworkItem> = {
  kind: "NetworkList",
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "HOST", cell: ({ host }) => host },
    { title: "STATE", cell: ({ state }) => state, coloured: true },
    { title: "PROMISED", cell: ({ promised }) => promised ?? "-" },
    { title: "AUTOSTART", cell: ({ autostart }) => word(autostart, "yes", "no") },
    { title: "PERSISTENT", cell: ({ persistent }) => word(persistent, "yes", "no"), wide: true },
    { title: "UUID", cell: ({ uuid }) => uuid ?? "-", wide: true },
    age(({ age_seconds }) => age_seconds),
  ],
  name: ({ name }) => `network/${name}`,
  json: (item) => item,
};

/** Promises of the policy in force, and what became of them. */
export const fleetPromiseView: ListView<PromiseItem> = {
  kind: "PromiseList",
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "TYPE", cell: ({ type }) => type },
    { title: "STATE", cell: ({ state }) => state },
    { title: "CLASS", cell: ({ class: hostClass }) => hostClass },
    { title: "MATCHES", cell: holdsOn },
    { title: "NOW", cell: ({ now }) => now },
    { title: "PASS", cell: ({ outcome }) => outcome ?? "-", coloured: true },
    { title: "PENDING", cell: ({ pending }) => (pending.length === 0 ? "-" : String(pending.length)) },
    { title: "WHY", cell: ({ reason }) => reason || "-", wide: true },
    { title: "PLACE", cell: ({ place }) => place, wide: true },
    age(({ age_seconds }) => age_seconds),
  ],
  name: ({ name, kind }) => `${kind}/${name}`,
  json: (item) => item,
};

function holdsOn({ kind, holds_on, holds_here }: PromiseItem): string {
  if (kind === "guest") return holds_on.join(",") || "no host heard";
  return holds_here ? "here" : "not here";
}

/** Agents as this one hears them. */
export const peerView: ListView<PeerItem> = {
  kind: "PeerList",
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "ROLE", cell: ({ role }) => role },
    { title: "STATE", cell: ({ state }) => state, coloured: true },
    { title: "SINCE", cell: ({ state_age_seconds }) => formatDuration(state_age_seconds) },
    { title: "RTT", cell: ({ round_trip_seconds: trip }) => (trip === null ? "-" : `${milliseconds(trip)}ms`) },
    { title: "VERSION", cell: ({ release }) => release ?? "-" },
    { title: "CLOCK", cell: ({ clock_offset_seconds }) => offset(clock_offset_seconds) },
    { title: "HEARS", cell: hears },
    { title: "QUEUED", cell: ({ queued_bytes }) => formatBytes(queued_bytes), wide: true },
    { title: "FEATURES", cell: ({ features }) => features.join(",") || "-", wide: true },
    { title: "ADDRESSES", cell: ({ addresses }) => addresses.join(",") || "-", wide: true },
    { title: "HEARD", cell: ({ heard_age_seconds: heard }) => (heard === null ? "never" : formatDuration(heard)) },
  ],
  name: ({ name }) => `host/${name}`,
  json: (item) => item,
};

/** Whom that host hears, by its own word. */
function hears({ hears: told }: PeerItem): string {
  if (told.length === 0) return "-";
  const deaf = told.filter(({ up }) => !up).map(({ host }) => host);
  if (deaf.length === told.length) return "nobody";
  return deaf.length === 0 ? "all" : `all but ${deaf.join(" ")}`;
}

function age<T>(seconds: (item: T) => number | null): Column<T> {
  return {
    title: "AGE",
    cell: (item) => {
      const exact = seconds(item);
      return exact === null ? "-" : formatDuration(exact);
    },
  };
}

function cell(value: number | null): string {
  return value === null ? "-" : String(value);
}

function word(value: boolean | null, yes: string, no: string): string {
  if (value === null) return "-";
  return value ? yes : no;
}

/** How far a clock is from ours; a second is as good as a word that was under way can be. */
function offset(seconds: number | null): string {
  if (seconds === null) return "-";
  if (Math.abs(seconds) <= 1) return "same";
  return `${seconds > 0 ? "+" : "-"}${formatDuration(Math.abs(seconds))}`;
}

function milliseconds(exact: number): string {
  const ms = exact * 1000;
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}
