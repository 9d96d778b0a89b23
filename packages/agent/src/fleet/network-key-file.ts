import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { AgentError } from "../agent-error.ts";
import { createNetworkKey, loadNetworkKey } from "../peers/network-key.ts";
import { fleetPaths } from "./fleet-files.ts";

function readNetworkKeyText(stateDir: string): string | undefined {
  const path = fleetPaths(stateDir).networkKey;
  if (!existsSync(path)) return undefined;
  loadNetworkKey(path);
  return readFileSync(path, "utf8");
}

/** Makes the key of a new fleet; every host that joins is given it. @throws AgentError FLEET_EXISTS where there is one */
export function createNetworkKeyFile(stateDir: string): void {
  const path = fleetPaths(stateDir).networkKey;
  if (existsSync(path)) {
    throw new AgentError("FLEET_EXISTS", `${path} is there already`, {
      remedy: "move it away: it belongs to another fleet",
    });
  }
  writeFileSync(path, createNetworkKey(), { mode: 0o600, flag: "wx", flush: true });
}

/** Hexadecimal sha-256 of the key's text, to compare two hosts. */
export function networkKeyHash(stateDir: string): string | undefined {
  const text = readNetworkKeyText(stateDir);
  return text === undefined ? undefined : createHash("sha256").update(text.trimEnd()).digest("hex");
}
