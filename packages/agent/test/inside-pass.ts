import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { PrivateLibvirtd } from "../../../test/support/libvirtd.ts";
import type { BerthConfig } from "../src/config/berth-config.ts";
import type { ConvergeOptions } from "../src/converge.ts";
import type { PassReport } from "../src/pass-report.ts";

const script = new URL("./converge-process.ts", import.meta.url).pathname;

/** One pass in a process inside the private host, where the default URIs lead to its libvirtd. */
export async function passInside(
  libvirtd: PrivateLibvirtd,
  config: BerthConfig,
  options: Omit<ConvergeOptions, "signal" | "onEvent">,
): Promise<PassReport> {
  const [command, ...args] = libvirtd.inside(process.execPath, script, JSON.stringify({ config, options }));
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end("go\n");
  const lines = (await text(child.stdout)).trim().split("\n");
  return JSON.parse(lines.at(-1) ?? "") as PassReport;
}
