import { type KeyObject, sign } from "node:crypto";
import { join } from "node:path";
import { privateKeyFromRaw } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { createRawKey, privateKeyOf } from "./ed25519.ts";
import { createKeyFile, type KeyFileKind, readKeyFile, removeKeyFile, replaceKeyFile } from "./key-file.ts";

/** A host's identity: whoever holds the private key is this host. */
export interface HostKey {
  /** Text form of the public key, as it stands in member lists. */
  readonly peerId: string;
  readonly privateKey: Ed25519PrivateKey;
  /** The same key for Node's own signatures, which cost a third of libp2p's. */
  readonly signer: KeyObject;
}

/** Name of the key's file in the state directory. */
export const hostKeyFile = "host.key";
const kind: KeyFileKind = {
  heading: "berth-host-key-1",
  noun: "host key",
  remedy: "restore it from a backup, or move it away and let this host join the fleet again under a new identity",
};

/**
 * The host's Ed25519 key: `host.key` in the state directory, made at the first call and never replaced. A file that is damaged,
 * or that others may read, is refused: a new key in its place would be another host, and its guests would have two owners.
 *
 * @throws AgentError STATE_FILE_CORRUPT
 */
export async function loadHostKey(stateDir: string): Promise<HostKey> {
  const path = join(stateDir, hostKeyFile);
  const found = readKeyFile(path, kind);
  if (found !== undefined) return toHostKey(found);
  const made = createRawKey();
  createKeyFile(path, kind, made);
  // Two agents may have started at once: what lies there now is the key, whoever wrote it.
  return toHostKey(readKeyFile(path, kind) ?? made);
}

/** A host's next key lies beside the present one until the fleet knows it. */
export interface NextHostKey extends HostKey {
  /** Puts it in the place of the present one. */
  install(): void;
}

/** Makes the key that shall follow, or finds the one of a change that was interrupted. @throws AgentError STATE_FILE_CORRUPT */
export function prepareNextHostKey(stateDir: string): NextHostKey {
  const path = join(stateDir, `${hostKeyFile}.next`);
  createKeyFile(path, kind, createRawKey());
  const raw = readKeyFile(path, kind) as Uint8Array;
  const install = () => {
    replaceKeyFile(join(stateDir, hostKeyFile), kind, raw);
    removeKeyFile(path);
  };
  return { ...toHostKey(raw), install };
}

/** A key that lives only in memory: for tests, and for fleets that last as long as one process. */
export async function createHostKey(): Promise<HostKey> {
  return toHostKey(createRawKey());
}

function toHostKey(raw: Uint8Array): HostKey {
  const privateKey = privateKeyFromRaw(raw) as Ed25519PrivateKey;
  const signer = privateKeyOf(raw);
  // libp2p makes a key object anew for every signature, which costs more than the signature. Ed25519 leaves no choice: the bytes are the same.
  privateKey.sign = (message, options) => {
    options?.signal?.throwIfAborted();
    return sign(null, message.subarray(), signer);
  };
  return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey, signer };
}
