/**
 * Changes that other processes make to a state file, as lifecycle events: the kernel tells that the file was replaced, and what
 * is in it now is compared with what was known.
 */
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { LifecycleEvent } from "../../ports/hypervisor.ts";
import { makeStateFolder } from "../../state/state-folder.ts";
import type { EmbeddedDomain, EmbeddedState } from "./embedded-state.ts";
import { killedRunsPath } from "./killed-runs.ts";

/** The kernel drops notices when too many come at once; a look in passing finds what was dropped. @default 1 s */
const lookMs = 1_000;

/** What is known of each domain. */
export type KnownDomains = ReadonlyMap<string, EmbeddedDomain>;

/** A copy that later changes of the state do not reach. */
export function knownDomains(state: EmbeddedState): Map<string, EmbeddedDomain> {
  return new Map(state.domains);
}

/** Calls back whenever the state file, or the kills beside it, may have changed; returns the function that ends it. */
export function watchStateFile(path: string, onChange: () => void): () => void {
  makeStateFolder(path);
  const names = new Set([basename(path), basename(killedRunsPath(path))]);
  const watcher = watch(dirname(path), { persistent: false }, (_kind, name) => {
    if (name === null || names.has(name)) onChange();
  });
  // A folder that is taken away under the watch: the timer goes on, and finds no guests there.
  watcher.on("error", () => watcher.close());
  const timer = setInterval(onChange, lookMs).unref();
  return () => {
    clearInterval(timer);
    watcher.close();
  };
}

/** The events that lead from what was known to what is there now, each domain's in the order of its life. */
export function lifecycleDifferences(before: KnownDomains, after: KnownDomains): readonly LifecycleEvent[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    const uuid = (is ?? was)?.uuid;
    if (was === is || uuid === undefined) return [];
    return changesOf(was, is).map((change) => ({ domain: name, uuid, change }));
  });
}

function changesOf(was: EmbeddedDomain | undefined, is: EmbeddedDomain | undefined): LifecycleEvent["change"][] {
  const sameRun = was?.active !== undefined && is?.active !== undefined && was.run === is.run;
  const changes: LifecycleEvent["change"][] = [];
  if (is?.inactive !== undefined && is.inactive.xml !== was?.inactive?.xml) changes.push("defined");
  if (was?.active !== undefined && !sameRun) changes.push("stopped");
  if (is?.active !== undefined && !sameRun) changes.push("started");
  if (is?.active !== undefined && (sameRun ? was.state : "running") !== is.state)
    changes.push(is.state === "paused" ? "suspended" : "resumed");
  if (was?.inactive !== undefined && is?.inactive === undefined) changes.push("undefined");
  return changes;
}
