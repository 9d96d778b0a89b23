/** `berth sim up`: the simulation in this process until somebody ends it, or in one of its own. */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import { launcher } from "../launcher.ts";
import type { Session } from "../session.ts";
import { askSimulation } from "./control.ts";
import { Simulation, type SimulationInit } from "./simulation.ts";
import { readMark, runningSimulation } from "./simulation-folder.ts";
import { openScreen, renewMs, type SimulationScreen } from "./simulation-screen.ts";
import { executingOn, type SimulationStatus } from "./simulation-status.ts";
import { overlapText, renderSimulation } from "./simulation-view.ts";

const footer = "berth sim partition 'h1|h2,h3'  heal  kill h1  start h1  freeze h1  thaw h1  down   (Ctrl-C ends it)";
/** How long a fleet may take to come up on a busy machine. */
const comeUpMs = 90_000;

/** Runs it here, with a view, until Ctrl-C or `berth sim down`. Ends with exit code 1 where guests ran twice. */
export async function runSimulation(init: SimulationInit, session: Session): Promise<void> {
  const interrupted = session.terminal.interruptSignal();
  const screen = openScreen(session, footer);
  if (!session.terminal.stdout.isTerminal) session.note(`${init.hosts.length} hosts in ${init.folder}; try: ${footer}`);
  try {
    const simulation = await Simulation.up({ ...init, onLine: (line) => screen.tell(line) });
    interrupted.addEventListener("abort", () => void simulation.down());
    if (interrupted.aborted) void simulation.down();
    await follow(simulation, screen);
    screen.close();
    tellOverlap(simulation, session);
  } finally {
    screen.close();
  }
}

/** Shows a simulation that runs already until it ends, by whomever. */
export async function followSimulation(simulation: Simulation, session: Session): Promise<void> {
  const screen = openScreen(session, footer);
  try {
    await follow(simulation, screen);
  } finally {
    screen.close();
  }
  tellOverlap(simulation, session);
}

async function follow(simulation: Simulation, screen: SimulationScreen): Promise<void> {
  const renew = setInterval(() => screen.show(simulation.status()), renewMs);
  await simulation.ended;
  clearInterval(renew);
}

function tellOverlap(simulation: Simulation, session: Session): void {
  const { overlap } = simulation.status();
  session.note(overlapText(overlap, (_colour, text) => text));
  if (overlap.totalMs > 0) session.exitCode = exitCodes.error;
}

/** Starts it in a process of its own, and returns once every guest runs. */
export async function detachSimulation(folder: string, args: readonly string[], session: Session): Promise<void> {
  // A folder of its own: under /tmp a name that can be guessed may be a link that somebody else put there.
  const log = join(mkdtempSync(join(tmpdir(), "berth-sim-")), "log");
  const output = openSync(log, "wx", 0o600);
  const child = spawn(launcher, ["sim", "up", "--dir", folder, ...args], {
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  child.unref();
  const status = await comeUp(folder, () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) return;
    throw new CliError("SIMULATION_FAILED", `the simulation did not start:\n${readFileSync(log, "utf8").trim()}`);
  });
  session.data(renderSimulation(status, { paint: session.paint, degraded: true, storyLines: 0, columns: 200 }));
  session.note(
    `It runs in the background, its story in ${log}. \`berth sim watch\` shows it, \`berth sim down\` ends it.`,
  );
}

/** Whether every guest that shall run executes on one host, and every host has a lease. */
export function isUp({ hosts, guests }: SimulationStatus): boolean {
  const leased = hosts.every(({ said, powered }) => !powered || (said?.leaseRemainingMs ?? 0) > 0);
  return leased && guests.every((guest) => !guest.wanted || executingOn(guest).length === 1);
}

async function comeUp(folder: string, check: () => void): Promise<SimulationStatus> {
  const end = performance.now() + comeUpMs;
  while (performance.now() < end) {
    check();
    await delay(200);
    const status = await statusOf(folder).catch(() => undefined);
    if (status !== undefined && isUp(status)) return status;
  }
  throw new CliError("SIMULATION_FAILED", `after ${comeUpMs / 1000} s not every guest runs`, {
    remedy: "`berth sim status` shows how far it came, and `berth sim down` ends it.",
  });
}

/** The status of the simulation that runs in a folder. @throws CliError SIMULATION_ABSENT */
export async function statusOf(folder: string): Promise<SimulationStatus> {
  const answer = await askSimulation(runningSimulation(folder).controlSocket, { kind: "status" });
  if (answer.kind === "status") return answer.status;
  throw new CliError("SIMULATION_REFUSED", answer.kind === "refused" ? answer.why : "the simulation gives no status");
}

/** Waits until the process of a simulation that was told to end is gone. */
export async function waitForEnd(folder: string): Promise<void> {
  for (;;) {
    try {
      runningSimulation(folder);
    } catch {
      return;
    }
    if (readMark(folder) === undefined) return;
    await delay(50);
  }
}
