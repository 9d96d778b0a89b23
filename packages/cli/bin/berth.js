#!/bin/sh
//bin/true; m=--min-semi-space-size=16; case "$1" in agent|dead-man) m="--max-semi-space-size=4 --heap-growing-percent=20 --no-parallel-scavenge"; export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX-1}";; esac; d=${0%/*}; for n in "$d/node" "$d/../../../node_modules/.bin/node"; do [ -x "$n" ] && exec "$n" $m "$0" "$@"; done; exec node "$0" "$@"
// The line above is read twice. JavaScript sees a comment. A shell sees commands: it looks for the node that is installed
// with Berth and runs this file in it, which takes 2 ms, where starting the machine's own node only to find that it is
// too old takes 60 ms. Run by an older node (`node berth.js`), the file starts the right one itself. The option lets
// a short run end before the first garbage has to be collected: a tenth less time for a policy of 1000 guests. What runs
// for months is told to collect it early instead, and the C library to keep one pool of memory rather than one for each of
// Node's threads: a third less memory. Its young objects are few, so one thread collects them: waking four costs more.
const oldestMajor = 24;

if (Number.parseInt(process.versions.node, 10) >= oldestMajor) {
  // Fetched this way a built-in module loads only itself: an import would read, and so load, all that it offers.
  const { homedir } = process.getBuiltinModule("node:os");
  // Not the default folder under /tmp: there somebody else could have put code before us.
  const caches = process.env.XDG_CACHE_HOME || `${homedir()}/.cache`;
  const { enableCompileCache } = process.getBuiltinModule("node:module");
  enableCompileCache(process.env.NODE_COMPILE_CACHE || `${caches}/berth/compiled`);
  const { main } = await import(isBundleFresh() ? "../dist/berth.mjs" : "../src/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  await runUnderPinnedNode();
}

/**
 * Whether `npm ci` left a bundle (build/bundle.ts) and none of its sources was changed since. Loading it takes a third
 * of the time that 200 source files take; looking at their stamps takes 2 ms.
 */
function isBundleFresh() {
  const { readFileSync, statSync } = process.getBuiltinModule("node:fs");
  const { fileURLToPath } = process.getBuiltinModule("node:url");
  try {
    const bundle = new URL("../dist/sources.json", import.meta.url);
    const checkout = fileURLToPath(new URL("../../../", import.meta.url));
    return JSON.parse(readFileSync(bundle, "utf8")).every(([path, size, mtimeMs]) => {
      const found = statSync(checkout + path, { throwIfNoEntry: false });
      return found !== undefined && found.size === size && found.mtimeMs === mtimeMs;
    });
  } catch {
    return false;
  }
}

/** Starts the node that `npm ci` installed beside Berth, passes signals on and ends as it ends. */
async function runUnderPinnedNode() {
  const { spawn } = await import("node:child_process");
  const { existsSync } = await import("node:fs");
  const { fileURLToPath } = await import("node:url");
  const packageName = `node-${process.platform}-${process.arch}`;
  const pinned = ["../../../node_modules", "../../.."]
    .map((modules) => fileURLToPath(new URL(`${modules}/${packageName}/bin/node`, import.meta.url)))
    .find((path) => existsSync(path));
  if (pinned === undefined) {
    process.stderr.write(
      `berth: this is Node ${process.versions.node}, and Berth needs Node ${oldestMajor} or newer.\n` +
        `  Run \`npm ci\` where Berth is checked out (it installs one for Berth alone), or put a newer node on PATH.\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(pinned, process.argv.slice(1), { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  // A terminal sends SIGINT to both processes; waiting here lets the child end its pass in order.
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`berth: ${pinned} does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    for (const one of signals) process.removeAllListeners(one);
    process.kill(process.pid, signal);
  });
}
