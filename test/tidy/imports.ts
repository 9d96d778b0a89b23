/** Who imports whom: dependency direction, declared packages, cycles. */
import { dirname, join, normalize } from "node:path/posix";
import { type Finding, findingAt, isNode, type SourceFile, type SyntaxNode, walk } from "./source-file.ts";

/** What each package may import of the house; the table of docs/architecture.md. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  model: [],
  policy: ["model"],
  "domain-xml": ["model"],
  claims: ["model"],
  planner: ["model", "domain-xml"],
  "node-libvirt": [],
  agent: ["model", "policy", "domain-xml", "claims", "planner", "node-libvirt"],
  cli: ["model", "agent"],
  sim: ["model", "claims", "planner", "agent"],
};

/** The part of a package.json that the rules read. */
export interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** One import, export-from, `import()` or type import. */
export interface Import {
  readonly target: string;
  readonly offset: number;
}

/** All imports of a file, those of types and `import()` included. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(file.ast, (node) => {
    if (!importing.has(node.type)) return;
    const source = node.source as SyntaxNode | null;
    if (isNode(source) && typeof source.value === "string") found.push({ target: source.value, offset: node.start });
  });
  return found;
}

const importing = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
]);

/** `agent` for `packages/agent/src/x.ts`, undefined outside the packages. */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/** The house's package behind an import by name: `agent` for `@berth/agent/config`, undefined for foreign ones. */
function houseTarget(target: string): string | undefined {
  const name = /^@berth\/([^/]+)/.exec(target)?.[1] ?? /^(node-libvirt)(\/|$)/.exec(target)?.[1];
  return name !== undefined && name in layers ? name : undefined;
}

/** Imports that go against the layers, whether by name or by a path that leaves the package. */
export function checkDirection(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const own = packageOf(file.path);
    if (own === undefined) return [];
    const allowed = [own, ...(layers[own] ?? [])];
    return importsOf(file).flatMap(({ target, offset }) => {
      if (target.startsWith(".")) return checkRelative(file, own, target, offset);
      const name = houseTarget(target);
      if (name === undefined || allowed.includes(name)) return [];
      return [
        findingAt(
          file,
          offset,
          `${own} imports ${name}`,
          `${own} may import ${allowed.slice(1).join(", ") || "nothing"} of the house: move the shared part down a layer, ` +
            `or hand it in as a parameter; a better cut changes the table in test/tidy/imports.ts and docs/architecture.md`,
        ),
      ];
    });
  });
}

function checkRelative(file: SourceFile, own: string, target: string, offset: number): Finding[] {
  const path = normalize(join(dirname(file.path), target));
  if (path.startsWith(`packages/${own}/`)) return [];
  const isTest = file.path.startsWith(`packages/${own}/test/`);
  if (isTest && path.startsWith("test/")) return [];
  return [findingAt(file, offset, `${target} leaves its package`, "import the other package by its name, @berth/...")];
}

/** Dependencies in a package.json that go against the layers. */
export function checkManifests(manifests: ReadonlyMap<string, Manifest>): Finding[] {
  return [...manifests].flatMap(([own, manifest]) =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).flatMap((dependency) => {
      const name = houseTarget(dependency);
      if (name === undefined || (layers[own] ?? []).includes(name)) return [];
      return [
        {
          at: `packages/${own}/package.json:1`,
          problem: `${own} depends on ${name}`,
          remedy: `take ${dependency} out: ${own} may depend on ${(layers[own] ?? []).join(", ") || "nothing"} of the house`,
        },
      ];
    }),
  );
}

/** Packages that a file imports and that its package.json (or the root's, for tests) does not declare. */
export function checkDeclared(
  files: readonly SourceFile[],
  manifests: ReadonlyMap<string, Manifest>,
  root: Manifest,
): Finding[] {
  return files.flatMap((file) => {
    const own = packageOf(file.path);
    const manifest = own === undefined ? root : manifests.get(own);
    // Tests and builds may use what the root declares for development.
    const inSource = own !== undefined && /^packages\/[^/]+\/(src|bin)\//.test(file.path);
    const declared = new Set([
      manifest?.name,
      ...Object.keys(manifest?.dependencies ?? {}),
      ...Object.keys(manifest?.devDependencies ?? {}),
      ...(inSource ? [] : Object.keys(root.devDependencies ?? {})),
    ]);
    return importsOf(file).flatMap(({ target, offset }) => {
      if (target.startsWith(".") || target.startsWith("node:")) return [];
      if (!inSource && houseTarget(target) !== undefined) return [];
      const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
      if (declared.has(name)) return [];
      const where = own === undefined ? "package.json" : `packages/${own}/package.json`;
      return [findingAt(file, offset, `${name} is not declared`, `add ${name} to the dependencies in ${where}`)];
    });
  });
}

/** Groups of files that import each other in a circle, types and `import()` included. */
export function checkCycles(files: readonly SourceFile[], manifests: ReadonlyMap<string, Manifest>): Finding[] {
  const graph = new Map(files.map((file) => [file.path, targetsOf(file, manifests)]));
  return cycles(graph).map((circle) => ({
    at: `${circle[0]}:1`,
    problem: `import cycle ${[...circle, circle[0]].join(" -> ")}`,
    remedy: "move what both need into a third file, or hand one to the other as a parameter",
  }));
}

function targetsOf(file: SourceFile, manifests: ReadonlyMap<string, Manifest>): string[] {
  return importsOf(file).flatMap(({ target }) => {
    if (target.startsWith(".")) return [normalize(join(dirname(file.path), target))];
    const name = houseTarget(target);
    const exported = name === undefined ? undefined : exportedPath(target, manifests.get(name));
    return exported === undefined ? [] : [normalize(`packages/${name}/${exported}`)];
  });
}

function exportedPath(target: string, manifest: Manifest | undefined): string | undefined {
  if (manifest?.exports === undefined) return undefined;
  const key = `.${target.slice(manifest.name.length)}`;
  return manifest.exports[key] ?? manifest.exports["./*"]?.replace("*", key.slice(2));
}

/** One shortest circle through each file that is in one; each circle is told once. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const told = new Set<string>();
  const found: string[][] = [];
  for (const start of graph.keys()) {
    if (told.has(start)) continue;
    const circle = shortestCircle(graph, start);
    if (circle === undefined) continue;
    for (const path of circle) told.add(path);
    found.push(circle);
  }
  return found;
}

function shortestCircle(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let current = queue.shift(); current !== undefined; current = queue.shift()) {
    for (const next of graph.get(current) ?? []) {
      if (next === start) return pathTo(cameFrom, start, current);
      if (cameFrom.has(next) || !graph.has(next)) continue;
      cameFrom.set(next, current);
      queue.push(next);
    }
  }
  return undefined;
}

function pathTo(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const path = [end];
  while (path[0] !== start) path.unshift(cameFrom.get(path[0] as string) as string);
  return path;
}
