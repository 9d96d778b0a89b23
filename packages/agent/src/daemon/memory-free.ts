import { readFileSync } from "node:fs";
import { totalmem } from "node:os";

/** Steps in which it is told: a host that breathes must not speak to the whole fleet. @default 256 MiB */
export const memoryStepKib = 256 * 1024;

/** What guests could still have of this machine's memory, KiB: the kernel's own estimate (proc_meminfo(5), MemAvailable). */
export function memoryFreeKib(): number {
  let text: string;
  try {
    text = readFileSync("/proc/meminfo", "utf8");
  } catch {
    return Math.floor(totalmem() / 1024);
  }
  const kib = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1] ?? totalmem() / 1024);
  return Math.floor(kib / memoryStepKib) * memoryStepKib;
}
