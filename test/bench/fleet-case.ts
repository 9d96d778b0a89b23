/**
 * One case of the fleet's bench as a process of its own: `node fleet-case.ts NAME FOLDER [--quick]`. What it has measured
 * so far is always in FOLDER/result.json. It is ended by its end or by being killed; the hosts that it started hang on its
 * pipes and end with it.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fleetCases } from "./fleet-cases.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
const [name = "", folder = ""] = positionals;
const one = fleetCases.find((candidate) => candidate.name === name);
if (one === undefined) throw new Error(`no case ${name}`);
try {
  for await (const result of one.measure({ folder, quick: values.quick })) {
    writeFileSync(join(folder, "result.new"), JSON.stringify(result));
    renameSync(join(folder, "result.new"), join(folder, "result.json"));
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
