import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ZodType } from "zod";
import { AgentError, reasonOf } from "../agent-error.ts";
import { writeFileAtomically } from "../state/atomic-file.ts";
import { acquireFileLock, type FileLock } from "../state/file-lock.ts";
import { type FleetFile, fleetFileSchema, memberDocumentSchema } from "./fleet-schema.ts";
import type { MemberDocument } from "./member-document.ts";

/** Where the fleet's files lie in a state directory. */
export function fleetPaths(stateDir: string): {
  readonly fleet: string;
  readonly members: string;
  readonly tokens: string;
  readonly networkKey: string;
  readonly store: string;
  /** Hosts that were removed while they were away, and are to be told. */
  readonly farewells: string;
} {
  return {
    fleet: join(stateDir, "fleet.json"),
    members: join(stateDir, "members.json"),
    tokens: join(stateDir, "tokens.json"),
    networkKey: join(stateDir, "network.key"),
    store: join(stateDir, "store"),
    farewells: join(stateDir, "farewells.json"),
  };
}

/** Whether this host belongs to a fleet. */
export function hasFleet(stateDir: string): boolean {
  return existsSync(fleetPaths(stateDir).fleet);
}

/** @throws AgentError FLEET_ABSENT, FLEET_INVALID */
export function readFleetFile(stateDir: string): FleetFile {
  const path = fleetPaths(stateDir).fleet;
  const found = readJson(path, fleetFileSchema);
  if (found !== undefined) return found;
  throw new AgentError("FLEET_ABSENT", `this host belongs to no fleet: ${path} is not there`, {
    remedy: "found one with `berth fleet init`, or join one with `berth fleet join TOKEN`",
  });
}

/** Writes `fleet.json`. It is written last of all files: where it is, the host belongs to the fleet. */
export function writeFleetFile(stateDir: string, file: FleetFile): void {
  writeJson(fleetPaths(stateDir).fleet, file);
}

/** The list as it stands on the disk, not verified. @throws AgentError FLEET_INVALID */
export function readMemberFile(stateDir: string): MemberDocument | undefined {
  return readJson(fleetPaths(stateDir).members, memberDocumentSchema);
}

/** Writes the list as it is; `saveMembers` verifies it before. */
export function writeMemberFile(stateDir: string, document: MemberDocument): void {
  writeJson(fleetPaths(stateDir).members, document);
}

/** One process at a time changes the member list or the tokens of this host. @throws AgentError STATE_FILE_LOCKED */
export function lockFleetFiles(stateDir: string): Promise<FileLock> {
  return acquireFileLock(join(stateDir, "fleet.lock"));
}

/** A JSON file that fits its schema, or undefined where there is none. @throws AgentError FLEET_INVALID */
export function readJson<T>(path: string, schema: ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AgentError("FLEET_INVALID", `${path} cannot be read`, { cause: error });
  }
  const remedy = `restore ${path} from a backup, or move it away and let this host join the fleet again`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AgentError("FLEET_INVALID", `${path} is not JSON: ${reasonOf(error)}`, { cause: error, remedy });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const why = `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "does not fit"}`;
  throw new AgentError("FLEET_INVALID", `${path} does not hold what Berth wrote there: ${why}`, { remedy });
}

/** Replaces a JSON file as a whole, for its owner only. */
export function writeJson(path: string, value: unknown): void {
  writeFileAtomically(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
