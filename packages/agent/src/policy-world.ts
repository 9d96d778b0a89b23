import { spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { PolicyWorld } from "@berth/policy";
import { parseHostsFile } from "./host-facts/hosts-file.ts";
import { readTextOrUndefined } from "./host-facts/read-text.ts";

/** Largest file that policy may read. @default 16 MiB: far above any policy or XML, far below what hurts the agent */
const fileBytesMax = 16 * 1024 * 1024;
/** Longest run and largest output of a command that policy runs. @default 10 s and 1 MiB: CFEngine's are unbounded */
const commandTimeoutMs = 10_000;
const commandBytesMax = 1024 * 1024;

const tooLarge = { ok: false, error: `larger than ${fileBytesMax} bytes` } as const;

/** The real files, environment and commands behind policy functions, each with a bound. */
export function createPolicyWorld(env: Readonly<Record<string, string | undefined>> = process.env): PolicyWorld {
  return {
    readFile: readPolicyFile,
    fileStatus,
    resolveHost: (name) =>
      parseHostsFile(readTextOrUndefined("/etc/hosts") ?? "").find(({ names }) => names.includes(name))?.address,
    environmentVariable: (name) => env[name],
    runCommand,
  };
}

/** Reads a regular file up to the limit; anything else (a device, a pipe) could block or never end. */
function readPolicyFile(path: string): ReturnType<PolicyWorld["readFile"]> {
  let handle: number;
  try {
    // O_NONBLOCK: opening a pipe without a writer would otherwise hang before its kind can be looked at.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, error: systemReason(error) };
  }
  try {
    const status = fstatSync(handle);
    if (!status.isFile()) return { ok: false, error: "not a regular file" };
    if (status.size > fileBytesMax) return tooLarge;
    const text = readWhole(handle);
    return text === undefined ? tooLarge : { ok: true, text };
  } catch (error) {
    return { ok: false, error: systemReason(error) };
  } finally {
    closeSync(handle);
  }
}

/** Files of /proc say size 0, so this reads until the end; undefined where the limit comes first. */
function readWhole(handle: number): string | undefined {
  const chunks: Buffer[] = [];
  for (let total = 0; total <= fileBytesMax; ) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const count = readSync(handle, chunk, 0, chunk.length, null);
    if (count === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return undefined;
}

function fileStatus(path: string): ReturnType<PolicyWorld["fileStatus"]> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  const kind = status.isFile() ? "file" : status.isDirectory() ? "directory" : "other";
  return { kind, sizeBytes: status.size, executable: isExecutable(path) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function runCommand(command: string, shell: "noshell" | "useshell" | "powershell"): { ok: boolean; output: string } {
  if (shell === "powershell") return { ok: false, output: "" };
  const [program, ...words] = shell === "useshell" ? ["/bin/sh", "-c", command] : splitWords(command);
  if (program === undefined) return { ok: false, output: "" };
  const run = spawnSync(program, words, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: commandTimeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: commandBytesMax,
  });
  return { ok: run.status === 0, output: `${run.stdout ?? ""}${run.stderr ?? ""}` };
}

/** Words of a command line without a shell: separated by blanks, kept together by single or double quotes. */
function splitWords(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
