import { createHash, type KeyObject, sign, verify } from "node:crypto";
import { join } from "node:path";
import { AgentError } from "../agent-error.ts";
import { createRawKey, privateKeyOf, publicKeyOf } from "../peers/ed25519.ts";
import { createKeyFile, type KeyFileKind, readKeyFile, removeKeyFile, replaceKeyFile } from "../peers/key-file.ts";

/** The key that signs the member list. Whoever has it decides who belongs to the fleet. */
export interface FleetKey {
  /** Base64 of the 32 bytes of the public key. */
  readonly publicKey: string;
  readonly signer: KeyObject;
}

/** Name of the key's file in the state directory of the hosts that may sign. */
export const fleetKeyFile = "fleet.key";
const kind: KeyFileKind = {
  heading: "berth-fleet-key-1",
  noun: "fleet key",
  remedy:
    "copy it from a backup or from another host that has it; without it nobody can join and nobody can be removed",
};

/** The fleet key of this host, or undefined where it has none. @throws AgentError STATE_FILE_CORRUPT */
export function loadFleetKey(stateDir: string): FleetKey | undefined {
  const raw = readKeyFile(join(stateDir, fleetKeyFile), kind);
  return raw === undefined ? undefined : toFleetKey(raw);
}

/** Makes the first key of a fleet. @throws AgentError FLEET_EXISTS where there is one */
export function createFleetKey(stateDir: string): FleetKey {
  const path = join(stateDir, fleetKeyFile);
  if (readKeyFile(path, kind) !== undefined) {
    throw new AgentError("FLEET_EXISTS", `${path} is there already: this host signs for a fleet`, {
      remedy: "move it away if no fleet knows it: a founding that was interrupted leaves one behind",
    });
  }
  const raw = createRawKey();
  createKeyFile(path, kind, raw);
  return toFleetKey(raw);
}

/** A rotation in two steps: the next key lies beside the present one until the list that names it is on the disk. */
export interface NextFleetKey extends FleetKey {
  /** Puts it in the place of the present one. */
  install(): void;
}

/** Makes the key that shall follow, or finds the one of a rotation that was interrupted. */
export function prepareNextFleetKey(stateDir: string): NextFleetKey {
  const path = nextPath(stateDir);
  createKeyFile(path, kind, createRawKey());
  const raw = readKeyFile(path, kind) as Uint8Array;
  return { ...toFleetKey(raw), install: () => installNext(stateDir, raw) };
}

/** Completes a rotation whose list was saved and whose key was not moved: the list names the key that still waits. */
export function settleFleetKey(stateDir: string, fleetKey: string): void {
  const raw = readKeyFile(nextPath(stateDir), kind);
  if (raw !== undefined && toFleetKey(raw).publicKey === fleetKey) installNext(stateDir, raw);
}

/** Hexadecimal sha-256 of a public key: what a token carries, and what people compare. */
export function fleetKeyHash(publicKey: string): string {
  return createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex");
}

/** Signature of a text, base64. */
export function signText(text: string, key: { readonly signer: KeyObject }): string {
  return sign(null, Buffer.from(text), key.signer).toString("base64");
}

/** Whether the owner of this public key signed the text. False for a key or signature that is none. */
export function isSignedBy(text: string, signature: string, publicKey: string): boolean {
  const [key, bytes] = [Buffer.from(publicKey, "base64"), Buffer.from(signature, "base64")];
  if (key.length !== 32 || bytes.length !== 64) return false;
  return verify(null, Buffer.from(text), publicKeyOf(key), bytes);
}

function nextPath(stateDir: string): string {
  return join(stateDir, `${fleetKeyFile}.next`);
}

function installNext(stateDir: string, raw: Uint8Array): void {
  replaceKeyFile(join(stateDir, fleetKeyFile), kind, raw);
  removeKeyFile(nextPath(stateDir));
}

function toFleetKey(raw: Uint8Array): FleetKey {
  return { publicKey: Buffer.from(raw.subarray(32)).toString("base64"), signer: privateKeyOf(raw) };
}
