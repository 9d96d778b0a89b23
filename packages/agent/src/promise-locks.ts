import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { EnvironmentPromise } from "@berth/model";
import { writeFileAtomically } from "./state/atomic-file.ts";
import { acquireFileLock } from "./state/file-lock.ts";
import { makeStateFolder, stateFileError } from "./state/state-folder.ts";

/**
 * `ifelapsed` and `expireafter`, as CFEngine keeps them: a promise that was evaluated less than `ifelapsed` minutes ago
 * is not evaluated again, nor one that another process is at, unless that one is at it for longer than `expireafter`.
 * A promise is known by its content: one that was edited counts as new. One with `ifelapsed` 0 is never held back and
 * leaves no trace; one that failed is tried again at the next pass.
 */
export type LockVerdict = { readonly held: false } | { readonly held: true; readonly reason: string };

interface LockEntry {
  /** When the promise was last evaluated to its end, seconds since 1970. */
  last?: number;
  /** Who is at it now, and since when. */
  running?: { pid: number; since: number };
}

/** Entries older than this belong to promises that are gone. @default 400 days: longer than any useful ifelapsed */
const forgetAfterSeconds = 400 * 86_400;

/** The lock times of one host, in one file. */
export class PromiseLocks {
  readonly #path: string;
  readonly #nowSeconds: () => number;

  constructor(path: string, nowSeconds: () => number) {
    this.#path = path;
    this.#nowSeconds = nowSeconds;
  }

  /** Takes the lock of each promise that may be evaluated now; the others get the reason why not. No verdict: free. */
  async take(promises: readonly EnvironmentPromise[]): Promise<ReadonlyMap<EnvironmentPromise, LockVerdict>> {
    const now = this.#nowSeconds();
    const verdicts = new Map<EnvironmentPromise, LockVerdict>();
    const lockable = promises.filter(isLockable);
    if (lockable.length === 0) return verdicts;
    await this.#update((entries) => {
      for (const promise of lockable) {
        const key = lockKey(promise);
        const entry = entries[key] ?? {};
        const reason = whyHeld(promise, entry, now);
        verdicts.set(promise, reason === undefined ? { held: false } : { held: true, reason });
        if (reason === undefined) entries[key] = { ...entry, running: { pid: process.pid, since: now } };
      }
    });
    return verdicts;
  }

  /** Gives back the locks; those of `evaluated` promises carry the time from now on. */
  async giveBack(taken: readonly EnvironmentPromise[], evaluated: ReadonlySet<EnvironmentPromise>): Promise<void> {
    const now = this.#nowSeconds();
    const lockable = taken.filter(isLockable);
    if (lockable.length === 0) return;
    await this.#update((entries) => {
      for (const promise of lockable) {
        const key = lockKey(promise);
        const { running: _, ...rest } = entries[key] ?? {};
        entries[key] = evaluated.has(promise) ? { last: now } : rest;
      }
    });
  }

  /** @throws AgentError STATE_FILE_UNAVAILABLE, STATE_FILE_LOCKED */
  async #update(change: (entries: Record<string, LockEntry>) => void): Promise<void> {
    makeStateFolder(this.#path);
    try {
      const lock = await acquireFileLock(`${this.#path}.lock`);
      try {
        const entries = this.#read();
        change(entries);
        writeFileAtomically(this.#path, JSON.stringify(this.#recent(entries)));
      } finally {
        lock.release();
      }
    } catch (error) {
      throw stateFileError(this.#path, error);
    }
  }

  #read(): Record<string, LockEntry> {
    try {
      return JSON.parse(readFileSync(this.#path, "utf8")) as Record<string, LockEntry>;
    } catch {
      // Absent or damaged: the worst is that promises are evaluated sooner than they had to be.
      return {};
    }
  }

  #recent(entries: Record<string, LockEntry>): Record<string, LockEntry> {
    const oldest = this.#nowSeconds() - forgetAfterSeconds;
    return Object.fromEntries(
      Object.entries(entries).filter(([, { last, running }]) => Math.max(last ?? 0, running?.since ?? 0) > oldest),
    );
  }
}

function isLockable({ action }: EnvironmentPromise): boolean {
  return action.ifElapsedMinutes > 0;
}

function whyHeld(promise: EnvironmentPromise, entry: LockEntry, now: number): string | undefined {
  const { ifElapsedMinutes, expireAfterMinutes } = promise.action;
  const { last, running } = entry;
  if (running !== undefined && running.pid !== process.pid && isAlive(running.pid)) {
    const seconds = now - running.since;
    if (seconds < expireAfterMinutes * 60) return `process ${running.pid} is at it since ${seconds} s`;
  }
  // A clock that was set back must not hold a promise for ever.
  if (last === undefined || last > now || now - last >= ifElapsedMinutes * 60) return undefined;
  return `evaluated ${now - last} s ago, ifelapsed is ${ifElapsedMinutes} min`;
}

function lockKey(promise: EnvironmentPromise): string {
  const { position: _, hostHolds: __, ...content } = promise;
  return createHash("sha1").update(JSON.stringify(content)).digest("base64");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
