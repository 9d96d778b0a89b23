import { readFileSync } from "node:fs";
import { AgentError, reasonOf } from "../agent-error.ts";

const bootIdPath = "/proc/sys/kernel/random/boot_id";

/** The kernel's boot id: another one after every boot (random(4)). @throws AgentError CLOCK_UNUSABLE */
export function readBootId(path: string = bootIdPath): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new AgentError("CLOCK_UNUSABLE", `the boot id ${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}
