/** `npm run lockfile`, after every `npm install`: puts into package-lock.json what npm left out. */
import { writeFileSync } from "node:fs";
import { type LockedPackage, lockfilePath, missingPackages, packagesWithEngines, readLockfile } from "./lockfile.ts";

const systems = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm64", "arm", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

/** Platform packages say in their name what they are for: `@biomejs/cli-darwin-arm64`. */
function platformOf(name: string): Pick<LockedPackage, "os" | "cpu"> {
  const words = name.split(/[-/]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }) };
}

const lockfile = readLockfile();
const missing = missingPackages(lockfile);
for (const { name, version, dev } of missing) {
  lockfile.packages[`node_modules/${name}`] = { version, ...platformOf(name), optional: true, ...(dev && { dev }) };
}
const relieved = packagesWithEngines(lockfile);
for (const path of relieved) delete lockfile.packages[path]?.engines;
lockfile.packages = Object.fromEntries(Object.entries(lockfile.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(lockfilePath, `${JSON.stringify(lockfile, null, 2)}\n`);
process.stdout.write(`${missing.length} optional packages added, ${relieved.length} relieved of engines\n`);
