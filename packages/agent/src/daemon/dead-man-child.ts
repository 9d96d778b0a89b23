import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { deadManOptions } from "../dead-man/configured-dead-man.ts";
import { deadManPaths } from "../dead-man/file-link.ts";
import { processAt } from "../dead-man/guest-process.ts";
import type { DeadManSettings } from "../dead-man/run-dead-man.ts";
import { readTmpfsFile } from "../dead-man/tmpfs-file.ts";
import type { DeadManHeartbeat } from "../ports/dead-man-link.ts";

/** How often its life is looked at. @default 500 ms: a guest waits at most this long for a new one */
const lookMs = 500;
/** A dead-man that was just started needs this long to its first heartbeat. */
const patienceMs = 5_000;

/**
 * Keeps a dead-man running beside the agent where no init system does: in containers and simulations. It is a process of
 * its own in a session of its own, so that nothing which ends the agent ends it; an agent that starts finds the one which
 * is there and starts no second.
 */
export class DeadManChild {
  readonly #init: DeadManSettings;
  #timer: NodeJS.Timeout | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(init: DeadManSettings) {
    this.#init = init;
  }

  start(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  /** Stops the looking. The dead-man goes on. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const heartbeat = readTmpfsFile(deadManPaths(this.#init.runDir).heartbeat) as DeadManHeartbeat | undefined;
    // Alive is enough: one that is stopped keeps its place, for it may go on at any moment.
    if (heartbeat !== undefined && isDeadMan(heartbeat.pid)) return;
    if (performance.now() - this.#startedAtMs < patienceMs) return;
    this.#startedAtMs = performance.now();
    this.#spawn();
  }

  #spawn(): void {
    // By its name: this code may lie in the bundle of the command, which does not have it beside itself.
    const main = createRequire(import.meta.url).resolve("@berth/agent/dead-man/main");
    const log = openSync(join(this.#init.runDir, "dead-man.log"), "a", 0o600);
    const child = spawn(process.execPath, [main, ...deadManOptions(this.#init)], {
      detached: true,
      stdio: ["ignore", "ignore", log],
    });
    child.on("error", () => {});
    child.unref();
    closeSync(log);
  }
}

/** The pid still belongs to a process, and to a dead-man. */
function isDeadMan(pid: number): boolean {
  if (processAt(pid) === undefined) return false;
  try {
    // An agent has the word in its options too, and pids come again.
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.some((word) => word === "dead-man" || word.endsWith("/dead-man/main.ts"));
  } catch {
    return false;
  }
}
