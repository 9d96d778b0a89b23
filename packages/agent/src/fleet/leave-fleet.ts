import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import type { Configuration } from "@berth/claims";
import { AgentError } from "../agent-error.ts";
import { promisedGuestsPath } from "../daemon/promised-guests-file.ts";
import { definitionsPath } from "../definitions/definition-store.ts";
import { openRecordStore } from "../store/open-record-store.ts";
import { ownedGuestsPath } from "../store/owned-guests-file.ts";
import { fleetPaths, lockFleetFiles } from "./fleet-files.ts";
import { openFleetHome } from "./fleet-home.ts";
import { fleetKeyFile } from "./fleet-key.ts";

/** What this host's disk says when its agent does not run. */
export interface DiskView {
  readonly config: Configuration;
  /** Guests that it owns. */
  readonly owned: readonly string[];
}

/**
 * Reads configuration and claims from the store. @throws AgentError STORE_LOCKED while the agent runs, STORE_CORRUPT,
 * FLEET_ABSENT, FLEET_INVALID
 */
export async function readDiskView(stateDir: string): Promise<DiskView> {
  const { founding } = openFleetHome(stateDir);
  const store = await openRecordStore(fleetPaths(stateDir).store, { waitMs: 0 });
  try {
    const records = store.load();
    const stored = records.find((record) => record.kind === "config")?.value;
    const owned = records.flatMap((record) => (record.kind === "owned" && record.value !== null ? [record.guest] : []));
    return { config: stored !== undefined && stored.number >= founding.number ? stored : founding, owned };
  } finally {
    await store.close();
  }
}

/**
 * Moves everything of the fleet into a folder beside it, which is returned: nothing is deleted. The host key stays, it is the
 * host's own.
 *
 * @throws AgentError STORE_LOCKED while the agent runs; FLEET_ABSENT
 */
export async function leaveFleet(stateDir: string, nowMs: number): Promise<string> {
  const lock = await lockFleetFiles(stateDir);
  try {
    const { fleet } = openFleetHome(stateDir);
    await readDiskView(stateDir);
    const folder = join(stateDir, `left-${fleet}-${new Date(nowMs).toISOString().replaceAll(":", "")}`);
    if (existsSync(folder)) throw new AgentError("FLEET_EXISTS", `${folder} is there already`);
    mkdirSync(folder, { mode: 0o700 });
    const paths = fleetPaths(stateDir);
    // First the file that makes it a member: after a crash in between the host is out, and the rest lies where it lay.
    const parts = [
      paths.fleet,
      paths.members,
      paths.tokens,
      paths.networkKey,
      join(stateDir, fleetKeyFile),
      paths.farewells,
    ];
    // Without an agent the hook would refuse those names for ever; and the epochs of definitions mean nothing in another fleet.
    const known = [ownedGuestsPath(stateDir), promisedGuestsPath(stateDir), definitionsPath(stateDir)];
    for (const path of [...parts, paths.store, ...known]) {
      if (existsSync(path)) renameSync(path, join(folder, basename(path)));
    }
    return folder;
  } finally {
    lock.release();
  }
}
