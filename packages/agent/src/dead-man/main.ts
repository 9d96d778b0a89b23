/**
 * The dead-man as a process of its own, in a unit of its own. It reads the agent's feed from the run directory, says
 * there that it lives, and needs nothing else of the agent.
 */
import { mkdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { createDeadMan, type DeadManFeed, type Note } from "@berth/claims";
import { readBootId } from "../clock/boot-id.ts";
import { openHostClock } from "../clock/host-clock.ts";
import type { DeadManHeartbeat } from "../ports/dead-man-link.ts";
import { ownedGuestsPath, readOwnedGuests } from "../store/owned-guests-file.ts";
import { boundedLog } from "./bounded-log.ts";
import { DeadManRunner } from "./dead-man-runner.ts";
import { deadManPaths } from "./file-link.ts";
import { openLibvirtHand } from "./libvirt-hand.ts";
import { raiseOwnPriority } from "./own-priority.ts";
import { readTmpfsFile, replaceTmpfsFile } from "./tmpfs-file.ts";
import { WatchdogDevice, watchdogTimeoutMs } from "./watchdog-device.ts";

const { values } = parseArgs({
  options: {
    "run-dir": { type: "string", default: "/run/berth" },
    "state-dir": { type: "string", default: "/var/lib/berth" },
    uri: { type: "string", default: "qemu:///system" },
    watchdog: { type: "string" },
    "pid-dir": { type: "string", default: "/run/libvirt/qemu" },
    "cgroup-root": { type: "string", default: "/sys/fs/cgroup" },
  },
});

const write = boundedLog(process.stderr);
function log({ level, code, text }: Pick<Note, "level" | "code" | "text">): void {
  write(`${level} ${code} ${text}`);
}

/** A full tmpfs must not end the dead-man: without a heartbeat the agent starts nothing, and the deadline still holds. */
let heartbeatFails = false;
function writeHeartbeat(heartbeat: DeadManHeartbeat): void {
  try {
    replaceTmpfsFile(paths.heartbeat, heartbeat);
    heartbeatFails = false;
  } catch (error) {
    const text = `${paths.heartbeat} cannot be written: ${(error as Error).message}`;
    if (!heartbeatFails) log({ level: "alarm", code: "HEARTBEAT_FAILED", text });
    heartbeatFails = true;
  }
}

const degraded = [...raiseOwnPriority()];
const clock = await openHostClock();
mkdirSync(values["run-dir"], { recursive: true, mode: 0o700 });
const paths = deadManPaths(values["run-dir"]);

const owned = readOwnedGuests(ownedGuestsPath(values["state-dir"]));
if (owned.kind === "damaged") degraded.push(`the list of owned guests cannot be used: ${owned.why}`);
for (const text of degraded) log({ level: "warning", code: "DEGRADED", text });

const timeoutMs = values.watchdog === undefined ? undefined : watchdogTimeoutMs(values.watchdog);
const runner = new DeadManRunner(
  {
    machine: createDeadMan(),
    clock,
    libvirt: openLibvirtHand(values.uri),
    watchdog: new WatchdogDevice({ path: values.watchdog }),
    readFeed: () => readTmpfsFile(paths.feed) as DeadManFeed | undefined,
    writeHeartbeat,
    log,
  },
  {
    bootId: readBootId(),
    guests: owned.kind === "known" ? owned.guests : [],
    places: { pidDirectory: values["pid-dir"], cgroupRoot: values["cgroup-root"] },
    degraded,
    ...(timeoutMs === undefined ? {} : { watchdogTimeoutMs: timeoutMs }),
  },
);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log({ level: "info", code: "ENDS", text: `ends on ${signal}` });
    void runner.stop().then(() => process.exit(0));
  });
}
runner.start();
// Where NODE_COMPILE_CACHE names a folder: this process seldom ends in order, and a restart is time without it.
flushCompileCache();
log({ level: "info", code: "STARTED", text: `watches ${paths.feed}` });
