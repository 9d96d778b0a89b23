import { uptime } from "node:os";
import { readBootId } from "../../src/clock/boot-id.ts";
import { deadManPaths } from "../../src/dead-man/file-link.ts";
import { replaceTmpfsFile } from "../../src/dead-man/tmpfs-file.ts";
import type { DeadManHeartbeat } from "../../src/ports/dead-man-link.ts";

/**
 * A dead-man's heartbeat without the dead-man: guests of the embedded hypervisor have no process that could be killed. It
 * can be silenced, which is what these tests are about.
 */
export class DeadManDouble {
  readonly #path: string;
  #poll = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(runDir: string) {
    this.#path = deadManPaths(runDir).heartbeat;
  }

  start(): void {
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    this.#poll += 1;
    const at = { bootMs: uptime() * 1000, monoMs: Number(process.hrtime.bigint()) / 1e6 };
    const heartbeat: DeadManHeartbeat = {
      ...{ pid: process.pid, poll: this.#poll, bootId: readBootId(), at },
      ...{ expired: false, libvirtUp: true, watchdog: "absent", degraded: [] },
    };
    replaceTmpfsFile(this.#path, heartbeat);
  }
}
