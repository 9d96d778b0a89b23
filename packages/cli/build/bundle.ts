/**
 * Puts the command's 200 source files into a few (`packages/cli/dist`), because finding and linking each of them is
 * most of what a short command costs. `npm ci` runs this; nothing depends on it: the launcher takes the bundle only
 * while every source is as it was, and the sources themselves otherwise.
 */
import { statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchBuiltinsDirectly } from "./builtin-imports.ts";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));
const checkout = join(packageRoot, "..", "..");

/** Builds into `folder`. @returns false where the bundler is not installed, as after `npm ci --omit=dev` */
export async function buildBundle(folder: string): Promise<boolean> {
  const bundler = await import("rolldown").catch(() => undefined);
  if (bundler === undefined) return false;
  const bundle = await bundler.rolldown({
    input: { berth: join(packageRoot, "src", "main.ts") },
    cwd: checkout,
    platform: "node",
    logLevel: "warn",
    // The daemon's libraries stay where npm put them: some look for files beside their own (a compiled store), and what a
    // process that lives for weeks saves by loading them faster is nothing. The daemon itself stays too: it starts others
    // of its own files.
    external:
      /^(@berth\/agent\/(daemon|dead-man)\/|@libp2p\/|libp2p$|@multiformats\/|level$|classic-level$|msgpackr$|pino$|prom-client$)/,
    // Libraries only define things when they are loaded, so what is not used of them need not be there.
    treeshake: { moduleSideEffects: (id) => !id.includes("/node_modules/") },
    plugins: [{ name: "builtin-imports", renderChunk: (code) => fetchBuiltinsDirectly(code) }],
  });
  const { output } = await bundle.write({
    dir: folder,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    cleanDir: true,
  });
  await bundle.close();
  const sources = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  writeFileSync(join(folder, "sources.json"), JSON.stringify(stamps(sources)));
  return true;
}

/** Path from the checkout, size and time of change of each source file; virtual modules have none. */
function stamps(sources: readonly string[]): [path: string, size: number, mtimeMs: number][] {
  const files = sources.filter((source) => source.startsWith("/"));
  return [...new Set(files)].sort().map((file) => {
    const { size, mtimeMs } = statSync(file);
    return [relative(checkout, file), size, mtimeMs];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildBundle(join(packageRoot, "dist"));
  if (!built) process.stderr.write("rolldown is not installed: berth runs from its sources, which starts slower\n");
}
