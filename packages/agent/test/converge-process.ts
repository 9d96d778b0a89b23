/**
 * One pass in a process of its own, for tests that kill it. Waits for a line on its standard input, says `begin`, runs
 * the pass, says `step` when its first step begins, and prints the report as one line of JSON.
 *
 * Argument: JSON of `{ config, options }`.
 */
import { once } from "node:events";
import type { BerthConfig } from "../src/config/berth-config.ts";
import { BerthHost, type ConvergeOptions } from "../src/converge.ts";

const { config, options } = JSON.parse(process.argv[2] ?? "") as { config: BerthConfig; options: ConvergeOptions };
const aborted = new AbortController();
process.on("SIGTERM", () => aborted.abort());
// Everything a pass loads is loaded before it begins, so that the time of a kill falls into the pass.
await import("../src/adapters/embedded/embedded-hypervisor.ts");
await import("../src/adapters/libvirt/libvirt-hypervisor.ts");
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();
process.stdout.write("begin\n");
await using host = new BerthHost({ config });
let hasStepped = false;
const report = await host.converge({
  ...options,
  signal: aborted.signal,
  onEvent: ({ kind }) => {
    if (kind === "step" && !hasStepped) process.stdout.write("step\n");
    hasStepped ||= kind === "step";
  },
});
process.stdout.write(`${JSON.stringify(report)}\n`);
