import { spawn } from "node:child_process";

/**
 * Tells systemd that the agent is ready, lives, and stops. Node has no unix datagrams, so systemd's own program sends them;
 * the unit needs `NotifyAccess=all` (sd_notify(3), systemd-notify(1)). Without a service manager nothing is done.
 */
export class ServiceNotifier {
  readonly #socket: string | undefined;
  readonly #watchdogMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#socket = env.NOTIFY_SOCKET === "" ? undefined : env.NOTIFY_SOCKET;
    this.#watchdogMs = Number(env.WATCHDOG_USEC ?? 0) / 1000;
  }

  ready(): void {
    this.#tell("READY=1");
    // Three times in the time that it may be silent: one that is lost is no alarm.
    if (this.#watchdogMs > 0) this.#timer = setInterval(() => this.#tell("WATCHDOG=1"), this.#watchdogMs / 3).unref();
  }

  stopping(): void {
    clearInterval(this.#timer);
    this.#tell("STOPPING=1");
  }

  #tell(state: string): void {
    if (this.#socket === undefined) return;
    const child = spawn("systemd-notify", [state], { stdio: "ignore" });
    // A host whose service manager is another one has no such program.
    child.on("error", () => {});
    child.unref();
  }
}
