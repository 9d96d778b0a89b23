/**
 * `import { readFileSync } from "node:fs"` makes Node read every export of that module, and many of them load more code
 * when they are read (`fs.promises`, `util.diff`, `process.report`): together 10 ms, a fifth of a short command.
 * `process.getBuiltinModule` hands out the same objects and reads nothing. What starts processes and what encrypts are the
 * heaviest and are hardly ever used, so they wait for their first call.
 */

/** Loaded at the first call of one of their functions; nothing but functions is imported from them. */
const lazy: readonly string[] = ["node:child_process", "node:crypto"];

const namedImport = /^import \{([^}]*)\} from "(node:[^"]+)";$/gm;
const defaultImport = /^import ([\w$]+) from "(node:[^"]+)";$/gm;

/** Rewrites the imports of built-in modules in the code of a chunk; any other form of import stays as it is. */
export function fetchBuiltinsDirectly(code: string): string {
  return code
    .replace(namedImport, (_line, names: string, module: string) => namedFetch(names.split(","), module))
    .replace(defaultImport, (_line, name: string, module: string) => defaultFetch(name, module));
}

function namedFetch(names: readonly string[], module: string): string {
  const pairs = names.map((name) => name.trim().split(" as ")).map(([from = "", to = from]) => ({ from, to }));
  if (lazy.includes(module)) {
    return pairs.map(({ from, to }) => `const ${to} = (...args) => ${fetch(module)}.${from}(...args);`).join("\n");
  }
  return `const { ${pairs.map(({ from, to }) => (from === to ? from : `${from}: ${to}`)).join(", ")} } = ${fetch(module)};`;
}

function defaultFetch(name: string, module: string): string {
  if (module === "node:process") return name === "process" ? "" : `const ${name} = process;`;
  if (lazy.includes(module)) {
    return `const ${name} = new Proxy({}, { get: (_, key) => ${fetch(module)}[key] });`;
  }
  return `const ${name} = ${fetch(module)};`;
}

function fetch(module: string): string {
  return `process.getBuiltinModule("${module}")`;
}
