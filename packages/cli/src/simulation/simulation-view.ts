/** The live view as text: hosts by guests, who has a lease and hears whom, what happened, and what was measured. */
import type { Painter } from "../output/colour.ts";
import { printable } from "../output/printable.ts";
import { formatCount, formatDuration } from "../output/units.ts";
import type { ProcessState } from "./simulated-host.ts";
import type { GuestState, HostStatus, OverlapStatus, SimulationStatus, StoryLine } from "./simulation-status.ts";

/** How much is shown. */
export interface ViewOptions {
  readonly paint: Painter;
  /** Lines of the story. */
  readonly storyLines: number;
  /** Whether it is shown why "never twice" is weaker than it should be. */
  readonly degraded: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
}

interface Cell {
  readonly text: string;
  readonly colour?: Parameters<Painter>[0];
}

const glyphs: Readonly<Record<GuestState, Cell>> = {
  running: { text: "● runs", colour: "green" },
  paused: { text: "‖ paused", colour: "yellow" },
  off: { text: "· off", colour: "dim" },
  "undefined-there": { text: "", colour: "dim" },
};

const processColours: Readonly<Record<ProcessState, Cell["colour"]>> = {
  running: "green",
  frozen: "cyan",
  ended: "red",
  off: "dim",
};

/** The whole view, lines ended by line feeds. */
export function renderSimulation(status: SimulationStatus, options: ViewOptions): string {
  const { paint, storyLines, columns } = options;
  const story = (storyLines === 0 ? [] : status.story.slice(-storyLines)).map((line) =>
    storyText(line, paint, columns),
  );
  const lines = [
    heading(status, paint),
    "",
    ...grid(status, options),
    "",
    cutsText(status, paint),
    ...(options.degraded ? degradedTexts(status, paint) : []),
    ...(story.length > 0 ? ["", ...story] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function heading({ hosts, profile, upMs, overlap }: SimulationStatus, paint: Painter): string {
  const parts = [
    paint("bold", "berth sim"),
    formatCount(hosts.length, "host"),
    `profile ${profile}`,
    `up ${formatDuration(upMs / 1000)}`,
    overlapText(overlap, paint),
  ];
  return parts.join("   ");
}

/** `overlap 0 ms`, the figure that matters. */
export function overlapText({ totalMs, worst, intervals }: OverlapStatus, paint: Painter): string {
  if (totalMs === 0) return paint("green", `overlap 0 ms (${formatCount(intervals, "run")} compared)`);
  const where = worst === undefined ? "" : `: ${worst.guest} on ${worst.hosts.join(" and ")}`;
  return paint("red", `OVERLAP ${Math.ceil(totalMs)} ms${where}`);
}

/** One column for each guest, or, where that is too wide, one for all of them. */
function grid(status: SimulationStatus, { paint, columns }: ViewOptions): string[] {
  const wide = [hostColumns(status), guestColumns(status)];
  const fits = wide.reduce((sum, part) => sum + widthOf(part), 0) <= columns;
  const parts = fits ? wide : [hostColumns(status), guestList(status, columns - widthOf(hostColumns(status)))];
  const titles = parts.flatMap((part) => part.titles);
  const rows = status.hosts.map((_, index) => parts.flatMap((part) => part.rows[index] ?? []));
  const widths = columnWidths({ titles, rows });
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, colour }, index) => paint(colour, text) + " ".repeat((widths[index] ?? 0) - [...text].length))
      .join("  ")
      .trimEnd();
  return [line(titles.map((text) => ({ text, colour: "bold" }))), ...rows.map(line)];
}

/** Some columns of the grid: their titles, and a row of cells for each host. */
interface Columns {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

function columnWidths({ titles, rows }: Columns): number[] {
  return titles.map((title, index) => Math.max(title.length, ...rows.map((row) => [...textAt(row, index)].length)));
}

function widthOf(columns: Columns): number {
  return columnWidths(columns).reduce((sum, width) => sum + width + 2, 0);
}

function hostColumns({ hosts }: SimulationStatus): Columns {
  const rows = hosts.map((host) => [
    { text: host.said?.voter === true ? `${host.name}*` : host.name, colour: "bold" } as const,
    processCell(host, "agent"),
    processCell(host, "deadMan"),
    leaseCell(host),
    { text: hearsText(host, hosts.length) },
  ]);
  return { titles: ["HOST", "AGENT", "DEAD-MAN", "LEASE", "HEARS"], rows };
}

function guestColumns({ hosts, guests }: SimulationStatus): Columns {
  const rows = hosts.map((host) =>
    guests.map(({ states }) => guestCell(states[host.name] ?? "undefined-there", host.powered)),
  );
  return { titles: guests.map(({ name }) => printable(name)), rows };
}

/** The guests that execute on each host, and those that are paused there. */
function guestList({ hosts, guests }: SimulationStatus, width: number): Columns {
  const rows = hosts.map(({ name: host }) => {
    const names = (state: GuestState) => guests.filter(({ states }) => states[host] === state).map(({ name }) => name);
    const counts = `${names("running").length} run, ${names("paused").length} paused: `;
    const text = printable(counts + [...names("paused").map((name) => `‖${name}`), ...names("running")].join(" "));
    return [{ text: text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text }];
  });
  return { titles: ["GUESTS"], rows };
}

function textAt(row: readonly Cell[], index: number): string {
  return row[index]?.text ?? "";
}

function processCell(host: HostStatus, which: "agent" | "deadMan"): Cell {
  const state = host[which];
  return { text: state === "off" ? "no power" : state, colour: processColours[state] };
}

function leaseCell({ said, powered }: HostStatus): Cell {
  if (!powered || said === undefined) return { text: "-", colour: "dim" };
  if (said.leaseRemainingMs <= 0) return { text: "none", colour: "red" };
  return { text: `${(said.leaseRemainingMs / 1000).toFixed(1)}s`, colour: "green" };
}

/** An agent that has not answered for this long has its silence shown, in place of what it once heard. */
const silentMs = 2_000;

function hearsText({ said, powered }: HostStatus, count: number): string {
  if (!powered || said === undefined) return "-";
  if (said.ageMs > silentMs) return `silent ${formatDuration(said.ageMs / 1000)}`;
  if (said.hears.length === count - 1) return "all";
  return said.hears.length === 0 ? "nobody" : said.hears.join(" ");
}

function guestCell(state: GuestState, powered: boolean): Cell {
  return powered ? glyphs[state] : { text: "" };
}

function cutsText({ cuts }: SimulationStatus, paint: Painter): string {
  if (cuts.length === 0) return paint("dim", "network whole; * votes");
  const ways = new Set(cuts.map(({ from, to }) => `${from}>${to}`));
  const shown = cuts.flatMap(({ from, to }) => {
    if (!ways.has(`${to}>${from}`)) return [`${from} -x> ${to}`];
    return from < to ? [`${from} x ${to}`] : [];
  });
  return paint("yellow", `cut: ${shown.join(", ")}`);
}

/** Each reason once, with the hosts that give it. */
function degradedTexts({ hosts }: SimulationStatus, paint: Painter): string[] {
  const reasons = hosts.flatMap(({ name, said }) => (said?.degraded ?? []).map((reason) => ({ name, reason })));
  return [...Map.groupBy(reasons, ({ reason }) => reason)].map(([reason, of]) => {
    const who = of.length === hosts.length ? "all" : of.map(({ name }) => name).join(" ");
    return paint("dim", `degraded (${who}): ${printable(reason)}`);
  });
}

/** `+12.345s  h3    claims web1`. */
export function storyText({ atMs, who, text, weight }: StoryLine, paint: Painter, columns = 200): string {
  const colours = { cause: "bold", effect: undefined, detail: "dim", alarm: "red" } as const;
  const time = `+${(atMs / 1000).toFixed(3)}s`.padStart(10);
  const line = `${time}  ${who.padEnd(5)} ${printable(text)}`;
  return paint(colours[weight], line.length > columns ? `${line.slice(0, columns - 1)}…` : line);
}
