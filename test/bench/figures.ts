/** What the bench measured, the targets, and how both are shown. */
import { renderTable } from "../../packages/cli/src/output/table.ts";
import type { Sample } from "./process.ts";

/** One program on one fleet. */
export interface Figure extends Sample {
  readonly program: string;
  /** Such as `1000 running`. */
  readonly fleet: string;
  readonly guests: number;
  /** Calls to libvirt in one run, connecting included; undefined where the program makes none. */
  readonly calls?: number;
  readonly runs: number;
}

/** One promise of the project about speed, and what was seen. */
export interface Target {
  readonly what: string;
  readonly limit: number;
  readonly seen: number;
  /** Such as `x cf-agent`, `MiB`. */
  readonly unit: string;
}

/** Whether a target was met in this run. */
export function isMet({ limit, seen }: Target): boolean {
  return seen <= limit;
}

const options = { wide: false, headers: true, paint: (_colour: unknown, text: string) => text };

/** Both tables as one text. */
export function renderFigures(figures: readonly Figure[], targets: readonly Target[]): string {
  const measured = renderTable<Figure>(
    [
      { title: "FLEET", cell: ({ fleet }) => fleet },
      { title: "PROGRAM", cell: ({ program }) => program },
      { title: "WALL", cell: ({ wallSeconds }) => milliseconds(wallSeconds) },
      { title: "CPU", cell: ({ cpuSeconds }) => milliseconds(cpuSeconds) },
      { title: "PEAK", cell: ({ peakMib }) => (peakMib > 0 ? `${peakMib.toFixed(0)}MiB` : "-") },
      { title: "CALLS", cell: ({ calls }) => (calls === undefined ? "-" : String(calls)) },
      { title: "RUNS", cell: ({ runs }) => String(runs) },
    ],
    figures,
    options,
  );
  return `${measured}\n${renderTargets(targets)}`;
}

/** The promises, and what was seen of each. */
function renderTargets(targets: readonly Target[]): string {
  return renderTable<Target>(
    [
      { title: "TARGET", cell: ({ what }) => what },
      { title: "LIMIT", cell: ({ limit, unit }) => `${limit} ${unit}` },
      { title: "SEEN", cell: ({ seen, unit }) => `${rounded(seen)} ${unit}` },
      { title: "MET", cell: (target) => (isMet(target) ? "yes" : "NO") },
    ],
    targets,
    options,
  );
}

function milliseconds(seconds: number): string {
  if (Number.isNaN(seconds)) return "-";
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)}ms`;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
