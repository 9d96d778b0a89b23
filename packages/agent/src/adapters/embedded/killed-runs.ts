/**
 * Kills that wait for nobody. A dead-man must be able to end a guest while the agent that holds the state file's lock is
 * frozen, as a SIGKILL ends a QEMU without asking libvirtd. So a kill is one appended line, the name of the run, in a file
 * beside the state; whoever reads the state counts such a run as stopped, whatever the state says.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { stopDomain } from "./domain-steps.ts";
import type { EmbeddedState } from "./embedded-state.ts";

/** Where the kills of a state file stand. */
export function killedRunsPath(statePath: string): string {
  return `${statePath}.kills`;
}

/** Ends a run for good. Throws what the file system throws. */
export function killRun(statePath: string, run: string): void {
  appendFileSync(killedRunsPath(statePath), `${run}\n`, { mode: 0o600 });
}

/** Takes the killed runs out of a state that was just read. */
export function applyKills(statePath: string, state: EmbeddedState): void {
  const killed = readKills(statePath);
  if (killed.size === 0) return;
  for (const domain of [...state.domains.values()]) {
    if (domain.run === undefined || !killed.has(domain.run)) continue;
    const stopped = stopDomain(domain);
    if (stopped === undefined) state.domains.delete(domain.name);
    else state.domains.set(domain.name, stopped);
  }
}

function readKills(statePath: string): ReadonlySet<string> {
  try {
    return new Set(readFileSync(killedRunsPath(statePath), "utf8").split("\n"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Set();
    throw error;
  }
}
