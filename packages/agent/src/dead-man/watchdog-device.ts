/**
 * The hardware's last word: a device that resets the host unless somebody writes to it in time. Opening it arms it,
 * every write feeds it, and closing it disarms it only after the letter V (Linux, Documentation/watchdog/watchdog-api).
 * How long it waits cannot be set from here (that is an ioctl, which Node does not have): the module's parameter sets it,
 * and `watchdogTimeoutMs` reads what is set.
 */
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";

/** State as the heartbeat tells it. */
export type WatchdogState = "fed" | "stopped" | "failed" | "absent";

/** An open attempt that failed is repeated this often. */
const retryMs = 1_000;

/** One device, or none where no path is configured. */
export class WatchdogDevice {
  readonly #path: string | undefined;
  #file: number | undefined;
  #state: WatchdogState;
  #nextOpenMs = 0;
  #reason = "";

  constructor(init: { readonly path: string | undefined }) {
    this.#path = init.path;
    this.#state = init.path === undefined ? "absent" : "failed";
  }

  get state(): WatchdogState {
    return this.#state;
  }

  /** Why it cannot be fed; empty unless the state is `failed`. */
  get reason(): string {
    return this.#state === "failed" ? this.#reason : "";
  }

  /** Opens it if need be, and feeds it. */
  feed(nowMs: number): void {
    if (this.#path === undefined) return;
    try {
      if (this.#file === undefined && nowMs < this.#nextOpenMs) return;
      this.#file ??= openSync(this.#path, constants.O_WRONLY);
      writeSync(this.#file, "1");
      this.#state = "fed";
    } catch (error) {
      this.#reason = `the watchdog device ${this.#path} cannot be fed: ${(error as Error).message}`;
      this.#state = "failed";
      this.#nextOpenMs = nowMs + retryMs;
    }
  }

  /** Lets it run out: the host resets. It stays open, because closing could be taken for an orderly end. */
  starve(): void {
    if (this.#file !== undefined) this.#state = "stopped";
  }

  /** The orderly end: disarms the device. Only where nothing is protected any more. */
  disarm(): void {
    if (this.#file === undefined) return;
    writeSync(this.#file, "V");
    closeSync(this.#file);
    this.#file = undefined;
    this.#state = "failed";
    this.#reason = "it was disarmed at the end";
  }
}

/** What the device waits before it resets the host, in milliseconds; undefined where the kernel does not tell. */
export function watchdogTimeoutMs(path: string, sysfs = "/sys/class/watchdog"): number | undefined {
  // /dev/watchdog is the first device under its old name.
  const name = basename(path) === "watchdog" ? "watchdog0" : basename(path);
  try {
    const seconds = Number(readFileSync(join(sysfs, name, "timeout"), "utf8").trim());
    return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  } catch {
    return undefined;
  }
}
