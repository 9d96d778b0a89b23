/**
 * A watchdog device for a simulated host: a named pipe in the device's place. The dead-man opens it and writes to it as to
 * /dev/watchdog; whoever reads the other end resets the host when nothing has come for too long.
 */
import { spawnSync } from "node:child_process";
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { CliError } from "../cli-error.ts";

/** What a watchdog is made with. */
export interface WatchdogInit {
  readonly path: string;
  /** W of the profile: how long it waits for the next write. */
  readonly timeoutMs: number;
  /** The host must be reset. Called once. */
  readonly onExpired: () => void;
}

/** How often the time of the last write is looked at. */
const lookMs = 50;

/** The reading end. Armed by the first write, disarmed by the letter V, as the kernel's devices are. */
export class SimulatedWatchdog {
  readonly #pipe: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #init: WatchdogInit;
  #fedMs: number | undefined;

  /** Makes the pipe. @throws CliError SIMULATION_FAILED */
  constructor(init: WatchdogInit) {
    this.#init = init;
    const made = spawnSync("mkfifo", ["-m", "600", init.path], { encoding: "utf8" });
    if (made.status !== 0) {
      const why = made.error?.message ?? made.stderr.trim();
      throw new CliError("SIMULATION_FAILED", `no watchdog device can be made: ${why}`, { cause: made.error });
    }
    // Opened for writing as well, or the pipe would end with the first dead-man that goes away.
    const fd = openSync(init.path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#pipe = new Socket({ fd, readable: true, writable: false });
    this.#pipe.on("data", (bytes) => {
      this.#fedMs = bytes.includes("V") ? undefined : performance.now();
    });
    this.#pipe.on("error", () => {});
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#pipe.destroy();
  }

  #look(): void {
    if (this.#fedMs === undefined || performance.now() - this.#fedMs < this.#init.timeoutMs) return;
    this.close();
    this.#init.onExpired();
  }
}
