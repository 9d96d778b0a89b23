import { describe, expect, it } from "vitest";
import { fetchBuiltinsDirectly } from "../build/builtin-imports.ts";

describe("imports of built-in modules in the bundle", () => {
  it.each([
    [
      'import { join, sep as slash } from "node:path";',
      'const { join, sep: slash } = process.getBuiltinModule("node:path");',
    ],
    [
      'import { createHash } from "node:crypto";',
      'const createHash = (...args) => process.getBuiltinModule("node:crypto").createHash(...args);',
    ],
    ['import fs from "node:fs";', 'const fs = process.getBuiltinModule("node:fs");'],
    ['import process from "node:process";', ""],
    ['import process$1 from "node:process";', "const process$1 = process;"],
    ['import { Command } from "./options.mjs";', 'import { Command } from "./options.mjs";'],
    ['const text = `import fs from "node:fs";`;', 'const text = `import fs from "node:fs";`;'],
  ])("turns %s into %s", (code, rewritten) => {
    expect(fetchBuiltinsDirectly(code)).toBe(rewritten);
  });

  it.each([
    ['import { spawnSync } from "node:child_process";', 'spawnSync("echo", ["hello"])'],
    ['import processes from "node:child_process";', 'processes.spawnSync("echo", ["hello"])'],
  ])("lets what %s brings work on its first use", (code, use) => {
    const rewritten = fetchBuiltinsDirectly(code);
    expect(new Function(`${rewritten}\nreturn ${use}.stdout.toString();`)()).toBe("hello\n");
  });
});
