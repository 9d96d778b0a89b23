/**
 * Types of guests that this host has had, in a small file. A list of domains in which a whole hypervisor is missing would
 * say that its guests are off; so a hypervisor that was ever used is looked at from the start on, also while no policy is
 * in force that mentions it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type GuestType, isGuestType } from "@berth/model";
import { AgentError, reasonOf } from "../agent-error.ts";
import { writeFileAtomically } from "../state/atomic-file.ts";

/** Where they stand, one per line. Whoever takes a hypervisor off a host for good removes its line. */
export function knownTypesPath(stateDir: string): string {
  return join(stateDir, "hypervisors");
}

/** None where there is no such file. @throws AgentError STATE_FILE_UNAVAILABLE, STATE_FILE_CORRUPT */
export function readKnownTypes(stateDir: string): readonly GuestType[] {
  const path = knownTypesPath(stateDir);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new AgentError("STATE_FILE_UNAVAILABLE", `${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  const lines = text.split("\n").filter((line) => line !== "");
  const types = lines.filter(isGuestType);
  if (types.length === lines.length) return types;
  throw new AgentError("STATE_FILE_CORRUPT", `${path} names something that is no type of guest`, {
    remedy: "leave one type per line, such as kvm",
  });
}

/** Throws what the file system throws. */
export function writeKnownTypes(stateDir: string, types: readonly GuestType[]): void {
  writeFileAtomically(knownTypesPath(stateDir), `${[...types].sort().join("\n")}\n`);
}
