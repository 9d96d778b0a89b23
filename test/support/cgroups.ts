/** Control group hierarchies for tests: where the machine has mounted them, or mounted for the test alone. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A mounted hierarchy. `using` unmounts what was mounted for the test. */
export interface CgroupHierarchy {
  readonly root: string;
  [Symbol.dispose](): void;
}

const kinds = {
  freezer: { line: /^\S+ (\S+) cgroup (?:\S*,)?freezer/m, mount: ["-t", "cgroup", "-o", "freezer", "freezer"] },
  unified: { line: /^\S+ (\S+) cgroup2 /m, mount: ["-t", "cgroup2", "none"] },
} as const;

/** Finds or mounts the freezer of cgroup v1, or cgroup v2 (`unified`). Undefined where this kernel or sandbox refuses it. */
export function cgroupHierarchy(kind: keyof typeof kinds): CgroupHierarchy | undefined {
  const { line, mount } = kinds[kind];
  const mounted = readFileSync("/proc/mounts", "utf8").match(line)?.[1];
  if (mounted !== undefined) return { root: mounted, [Symbol.dispose]: () => undefined };
  const root = mkdtempSync(join(tmpdir(), `berth-${kind}-`));
  if (spawnSync("mount", [...mount, root]).status !== 0) {
    rmdirSync(root);
    return undefined;
  }
  return {
    root,
    [Symbol.dispose]: () => {
      execFileSync("umount", ["--lazy", root]);
      rmdirSync(root);
    },
  };
}
