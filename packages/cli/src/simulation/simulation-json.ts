/** The status for programs: the names and units of every other JSON answer. */
import { apiVersion } from "../output/envelope.ts";
import type { SimulationStatus } from "./simulation-status.ts";

/** One JSON text, ended by a line feed. */
export function simulationJson(status: SimulationStatus): string {
  const { upMs, profile, folder, hosts, guests, cuts, story, overlap } = status;
  const answer = {
    apiVersion,
    kind: "Simulation",
    up_seconds: seconds(upMs),
    profile,
    folder,
    hosts: hosts.map(({ name, powered, agent, deadMan, said }) => ({
      name,
      powered,
      agent,
      dead_man: deadMan,
      lease_seconds: said === undefined ? null : seconds(said.leaseRemainingMs),
      voter: said?.voter ?? null,
      hears: said?.hears ?? null,
      degraded: said?.degraded ?? null,
      age_seconds: said === undefined ? null : seconds(said.ageMs),
    })),
    guests: guests.map(({ name, states }) => ({ name, states })),
    cuts,
    overlap_seconds: seconds(overlap.totalMs),
    compared_runs: overlap.intervals,
    story: story.map(({ atMs, who, text, weight }) => ({ at_seconds: seconds(atMs), who, text, weight })),
  };
  return `${JSON.stringify(answer, undefined, 2)}\n`;
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
