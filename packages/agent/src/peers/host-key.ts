import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { generateKeyPair, privateKeyFromRaw } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { AgentError } from "../agent-error.ts";

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
const heading = "berth-host-key-1";
const remedy = "restore it from a backup, or move it away and let this host join the fleet again under a new identity";

/**
 * The host's Ed25519 key: `host.key` in the state directory, made at the first call and never replaced. A file that is damaged,
 * or that others may read, is refused: a new key in its place would be another host, and its guests would have two owners.
 *
 * @throws AgentError STATE_FILE_CORRUPT
 */
export async function loadHostKey(stateDir: string): Promise<HostKey> {
  const path = join(stateDir, hostKeyFile);
  const found = readKeyFile(path);
  if (found !== undefined) return toHostKey(parseKey(path, found));
  const made = await generateKeyPair("Ed25519");
  createKeyFile(stateDir, path, made.raw);
  // Two agents may have started at once: what lies there now is the key, whoever wrote it.
  return toHostKey(parseKey(path, readKeyFile(path) ?? ""));
}

/** A key that lives only in memory: for tests, and for fleets that last as long as one process. */
export async function createHostKey(): Promise<HostKey> {
  return toHostKey((await generateKeyPair("Ed25519")).raw);
}

function toHostKey(raw: Uint8Array): HostKey {
  const privateKey = privateKeyFromRaw(raw) as Ed25519PrivateKey;
  // RFC 8410: the fixed heading of an Ed25519 private key, then its 32 bytes of seed.
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), raw.subarray(0, 32)]);
  const signer = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey, signer };
}

function readKeyFile(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AgentError("STATE_FILE_CORRUPT", `${path} cannot be read`, { cause: error });
  }
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      const message = `${path} has mode ${mode.toString(8).padStart(4, "0")}: others may have read this host's private key`;
      throw new AgentError("STATE_FILE_CORRUPT", message, { remedy: `chmod 0600 ${path} if nobody has` });
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function parseKey(path: string, text: string): Uint8Array {
  const [head, body, sum, ...rest] = text.trimEnd().split(" ");
  const raw = Buffer.from(body ?? "", "base64");
  if (head !== heading || rest.length > 0 || raw.length !== 64 || sum !== checksum(raw)) {
    throw new AgentError("STATE_FILE_CORRUPT", `${path} is not a whole host key`, { remedy });
  }
  return raw;
}

function checksum(raw: Uint8Array): string {
  return createHash("sha256").update(raw).digest("hex").slice(0, 16);
}

/** Written beside it and linked into place, which fails if somebody was first: never half a key, never a second one. */
function createKeyFile(stateDir: string, path: string, raw: Uint8Array): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, `${heading} ${Buffer.from(raw).toString("base64")} ${checksum(raw)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const folder = openSync(stateDir, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
