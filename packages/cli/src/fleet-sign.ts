/** Whether this host belongs to a fleet, as far as the user who types can see. */
import { statSync } from "node:fs";
import { join } from "node:path";

/** `hidden`: this user may not look, or the disk does not answer. It may be there all the same. */
export type FleetSign = "there" | "absent" | "hidden";

/** Looks for the file that every host of a fleet has. */
export function fleetSign(stateDir: string): FleetSign {
  return signOf(join(stateDir, "fleet.json"));
}

/** The same of any file. */
export function signOf(path: string): FleetSign {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined ? "absent" : "there";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOTDIR" ? "absent" : "hidden";
  }
}
