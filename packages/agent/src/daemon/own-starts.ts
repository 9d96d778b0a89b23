/**
 * Names of the guests that the agent itself is starting now, in tmpfs, for libvirt's hook.
 *
 * libvirt runs the hook before each start and waits for it. To ask the agent whether its own start is its own costs a process
 * with its own runtime for every guest; when a host with a hundred guests dies, that is most of the time. So the hook, a
 * shell script, looks here first: the first line is the agent's pid, which must live, and the others are guests.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestId } from "@berth/claims";

/** Where the names are. */
export function ownStartsPath(runDir: string): string {
  return join(runDir, "own-starts");
}

/** The starts under way. */
export class OwnStarts {
  readonly #path: string;
  readonly #guests = new Map<GuestId, number>();

  /** What an earlier life left is replaced at once. Throws what the file system throws. */
  constructor(components: { readonly runDir: string }) {
    this.#path = ownStartsPath(components.runDir);
    this.#write();
  }

  has(guest: GuestId): boolean {
    return this.#guests.has(guest);
  }

  /** Does `work` with the guest on the list. Throws what the file system or `work` throw. */
  async during<Result>(guest: GuestId, work: () => Promise<Result>): Promise<Result> {
    this.#count(guest, 1);
    try {
      this.#write();
      return await work();
    } finally {
      this.#count(guest, -1);
      this.#tryWrite();
    }
  }

  #count(guest: GuestId, by: 1 | -1): void {
    const count = (this.#guests.get(guest) ?? 0) + by;
    if (count > 0) this.#guests.set(guest, count);
    else this.#guests.delete(guest);
  }

  /** A name too many in the file is believed for three seconds; a start that ended well must not be told as failed for it. */
  #tryWrite(): void {
    try {
      this.#write();
    } catch {
      // The next start writes it anew, or fails for the same reason and says so.
    }
  }

  #write(): void {
    const draft = `${this.#path}.new`;
    // A name with a line break would be two names; libvirt has none, and such a guest asks the agent.
    const names = [...this.#guests.keys()].filter((name) => !name.includes("\n"));
    writeFileSync(draft, `${[process.pid, ...names].join("\n")}\n`, { mode: 0o600 });
    renameSync(draft, this.#path);
  }
}
