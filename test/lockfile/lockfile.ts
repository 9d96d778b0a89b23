/**
 * What npm leaves out of a lockfile, and what Debian's npm trips over (docs/decisions/0001-node-without-install-scripts.md).
 *
 * A registry mirror may lack optional packages of foreign platforms; `npm install` then drops them from the lockfile and
 * `npm ci` fails elsewhere. And npm 9 skips an optional package whose `engines` its own older node does not meet, although
 * Berth runs on the node it brings along; so optional packages stand here without them.
 */
import { readFileSync } from "node:fs";

/** The parts of an entry of package-lock.json (lockfileVersion 3) that matter here. */
export interface LockedPackage {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: readonly string[];
  cpu?: readonly string[];
  engines?: Readonly<Record<string, string>>;
  optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  packages: Record<string, LockedPackage>;
}

export const lockfilePath = new URL("../../package-lock.json", import.meta.url);

/** @throws SyntaxError when the file is no JSON */
export function readLockfile(): Lockfile {
  return JSON.parse(readFileSync(lockfilePath, "utf8")) as Lockfile;
}

/** An optional dependency without an entry of its own. */
export interface MissingPackage {
  readonly name: string;
  readonly version: string;
  /** Only packages for development ask for it. */
  readonly dev: boolean;
}

/** Optional dependencies that have no entry anywhere in the lockfile. */
export function missingPackages({ packages }: Lockfile): readonly MissingPackage[] {
  const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
  return Object.values(packages).flatMap((asking) =>
    Object.entries(asking.optionalDependencies ?? {}).flatMap(([name, range]) =>
      locked.has(name) ? [] : [{ name, version: range.replace(/^[\^~]/, ""), dev: asking.dev === true }],
    ),
  );
}

/** Paths of optional packages whose `engines` would make an older npm leave them out. */
export function packagesWithEngines({ packages }: Lockfile): readonly string[] {
  return Object.entries(packages).flatMap(([path, { optional, engines }]) =>
    optional === true && engines !== undefined ? [path] : [],
  );
}
