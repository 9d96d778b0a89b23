import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { AgentError } from "../agent-error.ts";

const shape = /^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}\n?$/;

/**
 * The private-network key of a fleet (libp2p's `/key/swarm/psk/1.0.0/` text): a second ring around the member list. Who does not
 * have it cannot even begin a handshake.
 *
 * @throws AgentError CONFIG_INVALID
 */
export function loadNetworkKey(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new AgentError("CONFIG_INVALID", `the private-network key ${path} cannot be read`, { cause: error });
  }
  if (!shape.test(text)) throw new AgentError("CONFIG_INVALID", `${path} is not a private-network key`);
  return Buffer.from(text.trimEnd());
}

/** A new private-network key, as it is written to a file. */
export function createNetworkKey(): string {
  return `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString("hex")}\n`;
}
