import { createHash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { AgentError } from "../agent-error.ts";

/** What tells one kind of key file from another. */
export interface KeyFileKind {
  /** First word of the file, such as `berth-host-key-1`. */
  readonly heading: string;
  /** As a sentence has it: `host key`. */
  readonly noun: string;
  /** What to do about a damaged one. */
  readonly remedy: string;
}

/** Seed and public key of Ed25519, 32 bytes each, in this order. */
const rawBytes = 64;

/**
 * The key in a file of its own, or undefined where there is none. A file that is damaged, or that others may read, is
 * refused: a new key in its place would be somebody else.
 *
 * @throws AgentError STATE_FILE_CORRUPT
 */
export function readKeyFile(path: string, kind: KeyFileKind): Uint8Array | undefined {
  const text = readPrivateFile(path, kind);
  if (text === undefined) return undefined;
  const [head, body, sum, ...rest] = text.trimEnd().split(" ");
  const raw = Buffer.from(body ?? "", "base64");
  if (head !== kind.heading || rest.length > 0 || raw.length !== rawBytes || sum !== checksum(raw)) {
    throw new AgentError("STATE_FILE_CORRUPT", `${path} is not a whole ${kind.noun}`, { remedy: kind.remedy });
  }
  return raw;
}

/** Writes a key where there is none; one that is there already stays. Written beside it and linked: never half a key. */
export function createKeyFile(path: string, kind: KeyFileKind, raw: Uint8Array): void {
  const temporary = writeBeside(path, kind, raw);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
}

/** Writes a key in the place of another. */
export function replaceKeyFile(path: string, kind: KeyFileKind, raw: Uint8Array): void {
  renameSync(writeBeside(path, kind, raw), path);
  syncFolder(dirname(path));
}

/** Takes a key away, if it is there. */
export function removeKeyFile(path: string): void {
  rmSync(path, { force: true });
  syncFolder(dirname(path));
}

function writeBeside(path: string, { heading }: KeyFileKind, raw: Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, `${heading} ${Buffer.from(raw).toString("base64")} ${checksum(raw)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}

function readPrivateFile(path: string, { noun }: KeyFileKind): string | undefined {
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
      const text = mode.toString(8).padStart(4, "0");
      const message = `${path} has mode ${text}: others may have read this private ${noun}`;
      throw new AgentError("STATE_FILE_CORRUPT", message, { remedy: `chmod 0600 ${path} if nobody has` });
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function checksum(raw: Uint8Array): string {
  return createHash("sha256").update(raw).digest("hex").slice(0, 16);
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
