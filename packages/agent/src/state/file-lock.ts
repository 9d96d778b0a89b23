import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { AgentError } from "../agent-error.ts";

/**
 * Mutual exclusion between processes by a file next to what it protects. The file names its holder (pid and the pid's
 * start time), so a holder that was killed is recognised and its lock taken over.
 *
 * Making the lock is one `link(2)` of a file already complete, which the file system refuses when the name exists: no
 * process ever sees a half-written lock.
 */
export interface FileLock {
  release(): void;
}

/** How long to wait for another process. @default 10 s: a state write takes milliseconds; longer means it hangs */
const defaultWaitMs = 10_000;
const retryMs = 5;

/** Takes the lock, waiting for a live holder. @throws AgentError STATE_FILE_LOCKED with the holder's pid */
export async function acquireFileLock(path: string, waitMs = defaultWaitMs): Promise<FileLock> {
  const mine = `${JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid) ?? "", nonce: randomUUID() })}\n`;
  const deadline = performance.now() + waitMs;
  for (;;) {
    if (tryLink(path, mine)) return { release: () => releaseOwn(path, mine) };
    const held = readOrUndefined(path);
    if (held !== undefined && isStale(held)) {
      removeStale(path, held);
    } else if (performance.now() >= deadline) {
      throw new AgentError("STATE_FILE_LOCKED", `${path} is held by process ${holderOf(held)}`, {
        remedy: "wait for that process to end, or end it",
      });
    } else {
      await delay(retryMs);
    }
  }
}

function tryLink(path: string, content: string): boolean {
  const candidate = `${path}.${process.pid}.${randomUUID()}`;
  writeFileSync(candidate, content, { mode: 0o600 });
  try {
    linkSync(candidate, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** Moves the dead holder's lock aside. Should a live one have replaced it in between, that one is put back. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (readOrUndefined(aside) !== stale) linkSync(aside, path);
  } catch {
    // Another process was quicker; the next round of the loop sees what it did.
  } finally {
    rmSync(aside, { force: true });
  }
}

function releaseOwn(path: string, mine: string): void {
  if (readOrUndefined(path) === mine) rmSync(path, { force: true });
}

function isStale(held: string): boolean {
  const holder = parseHolder(held);
  // A lock is linked complete: one that cannot be read was not written by Berth, so it is nobody's to take over.
  if (holder === undefined) return false;
  const started = startTimeOf(holder.pid);
  return started === undefined ? !isAlive(holder.pid) : holder.started !== "" && started !== holder.started;
}

function parseHolder(held: string): { pid: number; started: string } | undefined {
  try {
    const value = JSON.parse(held) as { pid?: unknown; started?: unknown };
    return typeof value.pid === "number" && typeof value.started === "string"
      ? { pid: value.pid, started: value.started }
      : undefined;
  } catch {
    return undefined;
  }
}

function holderOf(held: string | undefined): string {
  return held === undefined ? "unknown" : String(parseHolder(held)?.pid ?? "unknown");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Clock ticks since boot at which the process started (field 22 of proc_pid_stat(5)); tells a reused pid apart. */
function startTimeOf(pid: number): string | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
