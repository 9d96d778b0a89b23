import { statSync } from "node:fs";

/**
 * Notices that a file was replaced, by its inode, size and time of change: asked once a second it costs less than a watcher of the
 * kernel's, and works on every file system. What this process wrote itself counts too; readers compare what they read.
 */
export class FileWatch {
  readonly #path: string;
  #seen = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether the file is another one than at the last call; true at the first. */
  hasChanged(): boolean {
    const now = stampOf(this.#path);
    const changed = now !== this.#seen;
    this.#seen = now;
    return changed;
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? "absent" : `${found.ino} ${found.size} ${found.mtimeNs}`;
}
