/**
 * Puts the command's 200 source files into a few (`packages/cli/dist`), because finding and linking each of them is
 * most of what a short command costs, and the daemon's 1,200 with them, because each costs memory for as long as an agent
 * lives: 24 MiB. `npm ci` runs this, and so does deploy/set-up.sh; nothing depends on it: the launcher takes the bundle only
 * while every source is as it was, and the sources themselves otherwise.
 */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { OutputBundle } from "rolldown";
import { asciiCode } from "./ascii-code.ts";
import { fetchBuiltinsDirectly } from "./builtin-imports.ts";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));
const checkout = join(packageRoot, "..", "..");

/** Builds into `folder`. @returns false where the bundler is not installed: it is an optional package */
export async function buildBundle(folder: string): Promise<boolean> {
  const bundler = await import("rolldown").catch(() => undefined);
  if (bundler === undefined) return false;
  const bundle = await bundler.rolldown({
    input: { berth: join(packageRoot, "src", "main.ts") },
    cwd: checkout,
    platform: "node",
    logLevel: "warn",
    // A compiled store: it looks for files beside its own.
    external: /^(level|classic-level)$/,
    // Libraries only define things when they are loaded, so what is not used of them need not be there.
    treeshake: { moduleSideEffects: (id) => !id.includes("/node_modules/") },
    plugins: [
      { name: "builtin-imports", renderChunk: (code) => fetchBuiltinsDirectly(code) },
      { name: "ascii-code", generateBundle: (_options, output) => writeInAscii(output) },
    ],
  });
  const { output } = await bundle.write({
    dir: folder,
    format: "esm",
    // Two fifths of the daemon and its libraries, and nobody reads them here. Lines stay, for the sake of stack traces.
    comments: false,
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    cleanDir: true,
  });
  await bundle.close();
  const sources = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  writeFileSync(join(folder, "sources.json"), JSON.stringify(stamps(sources)));
  return true;
}

/** At the very end: to leave comments out, the bundler writes all strings anew. */
function writeInAscii(output: OutputBundle): void {
  for (const chunk of Object.values(output)) if (chunk.type === "chunk") chunk.code = asciiCode(chunk.code);
}

/**
 * Path from the checkout, size and time of change of each source file; virtual modules have none. What npm installed is one
 * entry, the list that npm writes at each change of it: to look at 600 files of libraries would take a short command 3 ms.
 */
function stamps(sources: readonly string[]): [path: string, size: number, mtimeMs: number][] {
  const files = sources.filter((source) => source.startsWith("/"));
  const installed = join(checkout, "node_modules", ".package-lock.json");
  const own = files.filter((file) => !file.includes("/node_modules/"));
  return [...new Set(existsSync(installed) ? [...own, installed] : files)].sort().map((file) => {
    const { size, mtimeMs } = statSync(file);
    return [relative(checkout, file), size, mtimeMs];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildBundle(join(packageRoot, "dist"));
  if (!built) process.stderr.write("rolldown is not installed: berth runs from its sources, which starts slower\n");
}
