/**
 * The dead-man as a process of its own, in a unit of its own. It reads the agent's feed from the run directory, says
 * there that it lives, and needs nothing else of the agent.
 */
import { mkdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { createDeadMan, type DeadManFeed, type Note } from "@berth/claims";
import { readBootId } from "../clock/boot-id.ts";
import { openHostClock } from "../clock/host-clock.ts";
import { ServiceNotifier } from "../daemon/service-notifier.ts";
import type { DeadManHeartbeat } from "../ports/dead-man-link.ts";
import { ownedGuestsPath, readOwnedGuests } from "../store/owned-guests-file.ts";
import { boundedLog } from "./bounded-log.ts";
import { DeadManRunner } from "./dead-man-runner.ts";
import { deadManPaths } from "./file-link.ts";
import { openGuestHand } from "./open-guest-hand.ts";
import { raiseOwnPriority } from "./own-priority.ts";
import { readTmpfsFile, replaceTmpfsFile } from "./tmpfs-file.ts";
import { WatchdogDevice, watchdogTimeoutMs } from "./watchdog-device.ts";

/** Where the dead-man finds things; `defaultDeadManSettings` has what a packaged host uses. */
export interface DeadManSettings {
  /** tmpfs folder that it shares with the agent. */
  readonly runDir: string;
  /** Folder of the list of owned guests, and of the embedded hypervisor. */
  readonly stateDir: string;
  /** Its hypervisor connection; `embedded:///` for the embedded one. */
  readonly uri: string;
  /** The watchdog device. Absent: none. */
  readonly watchdog?: string;
  /** libvirt's pid files of QEMU guests. */
  readonly pidDirectory: string;
  /** Where cgroup v2 is mounted. */
  readonly cgroupRoot: string;
}

/** A host with QEMU, without a watchdog device. */
export const defaultDeadManSettings: DeadManSettings = {
  runDir: "/run/berth",
  stateDir: "/var/lib/berth",
  uri: "qemu:///system",
  pidDirectory: "/run/libvirt/qemu",
  cgroupRoot: "/sys/fs/cgroup",
};

/**
 * Runs the dead-man in this process until SIGTERM or SIGINT. Resolves once it has begun; the process then lives on.
 * @throws AgentError CLOCK_UNUSABLE
 */
export async function runDeadMan(settings: DeadManSettings): Promise<void> {
  const write = boundedLog(process.stderr);
  const log = ({ level, code, text }: Pick<Note, "level" | "code" | "text">) => write(`${level} ${code} ${text}`);
  const degraded = [...raiseOwnPriority()];
  const clock = await openHostClock();
  mkdirSync(settings.runDir, { recursive: true, mode: 0o700 });
  const paths = deadManPaths(settings.runDir);

  const owned = readOwnedGuests(ownedGuestsPath(settings.stateDir));
  if (owned.kind === "damaged") degraded.push(`the list of owned guests cannot be used: ${owned.why}`);
  for (const text of degraded) log({ level: "warning", code: "DEGRADED", text });

  const timeoutMs = settings.watchdog === undefined ? undefined : watchdogTimeoutMs(settings.watchdog);
  const places = { pidDirectory: settings.pidDirectory, cgroupRoot: settings.cgroupRoot };
  const runner = new DeadManRunner(
    {
      machine: createDeadMan(),
      clock,
      hand: openGuestHand({ uri: settings.uri, stateDir: settings.stateDir, places }),
      watchdog: new WatchdogDevice({ path: settings.watchdog }),
      readFeed: () => readTmpfsFile(paths.feed) as DeadManFeed | undefined,
      writeHeartbeat: heartbeatWriter(paths.heartbeat, log),
      log,
    },
    {
      bootId: readBootId(),
      guests: owned.kind === "known" ? owned.guests : [],
      degraded,
      ...(timeoutMs === undefined ? {} : { watchdogTimeoutMs: timeoutMs }),
    },
  );

  const notifier = new ServiceNotifier(process.env);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log({ level: "info", code: "ENDS", text: `ends on ${signal}` });
      notifier.stopping();
      void runner.stop().then(() => process.exit(0));
    });
  }
  runner.start();
  // Only now: at boot libvirt waits for this before it starts a guest. The service manager then ends a dead-man that is silent.
  notifier.ready();
  // Where NODE_COMPILE_CACHE names a folder: this process seldom ends in order, and a restart is time without it.
  flushCompileCache();
  log({ level: "info", code: "STARTED", text: `watches ${paths.feed}` });
}

/** A full tmpfs must not end the dead-man: without a heartbeat the agent starts nothing, and the deadline still holds. */
function heartbeatWriter(
  path: string,
  log: (note: Pick<Note, "level" | "code" | "text">) => void,
): (heartbeat: DeadManHeartbeat) => void {
  let fails = false;
  return (heartbeat) => {
    try {
      replaceTmpfsFile(path, heartbeat);
      fails = false;
    } catch (error) {
      const text = `${path} cannot be written: ${(error as Error).message}`;
      if (!fails) log({ level: "alarm", code: "HEARTBEAT_FAILED", text });
      fails = true;
    }
  };
}
