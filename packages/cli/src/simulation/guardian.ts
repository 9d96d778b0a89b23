/**
 * Sees to it that a simulation leaves nothing behind, whatever ends it. The guardian is a process of its own that is told of
 * every process and folder of the simulation over a pipe. The kernel closes that pipe when the simulation ends, kill -9
 * included; then the guardian kills and removes what is left, and ends too.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { isAlive, killProcess, processAt } from "@berth/agent/dead-man/guest-process";
import { launcher } from "../launcher.ts";

/** A line of the pipe: a process by pid and start time, so that nobody who gets its pid later is hit, or a folder. */
type GuardedThing =
  | { readonly kind: "process"; readonly pid: number; readonly startTicks: number }
  | { readonly kind: "folder"; readonly path: string };

/** The simulation's end of the pipe. */
export class Guardian {
  readonly #process: ChildProcess;

  constructor() {
    // A session of its own: what ends the simulation's terminal must not end the guardian before its work is done.
    this.#process = spawn(launcher, ["sim", "guard"], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    // The guardian may be gone, killed by somebody: the simulation then still ends its processes itself.
    this.#process.stdin?.on("error", () => {});
    this.#process.on("error", () => {});
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** A process that must not outlive the simulation. */
  watchProcess(pid: number): void {
    const identity = processAt(pid);
    if (identity !== undefined) this.#tell({ kind: "process", ...identity });
  }

  /** A folder that must not either. */
  watchFolder(path: string): void {
    this.#tell({ kind: "folder", path });
  }

  /** Ends the guardian, which does its work on whatever is left, and waits for it. */
  async close(): Promise<void> {
    this.#process.stdin?.end();
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, "exit");
  }

  #tell(thing: GuardedThing): void {
    this.#process.stdin?.write(`${JSON.stringify(thing)}\n`);
  }
}

/** What the guardian's own process does: `berth sim guard`. */
export async function keepGuard(pipe: NodeJS.ReadableStream): Promise<void> {
  const things: GuardedThing[] = [];
  for await (const line of createInterface({ input: pipe })) things.push(JSON.parse(line) as GuardedThing);
  const processes = things.filter((thing) => thing.kind === "process");
  for (const { pid, startTicks } of processes) killProcess({ pid, startTicks });
  // Somebody who still writes would make anew what is removed under him.
  while (processes.some(({ pid, startTicks }) => isAlive({ pid, startTicks })))
    await new Promise((resolve) => setTimeout(resolve, 10));
  for (const thing of things) if (thing.kind === "folder") rmSync(thing.path, { recursive: true, force: true });
}
