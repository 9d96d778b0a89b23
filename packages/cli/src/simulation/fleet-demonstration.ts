/** The main job, shown: a fleet loses a host, is partitioned twice, and has each guest run once all the time. */
import { setTimeout as delay } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import type { Session } from "../session.ts";
import type { ControlRequest } from "./control.ts";
import { renderIncidents } from "./incident-report.ts";
import { isUp } from "./run-simulation.ts";
import { Simulation } from "./simulation.ts";
import { guestsPolicy, hostNames } from "./simulation-plan.ts";
import { executingOn, executingOnce, type SimulationStatus, type StoryLine } from "./simulation-status.ts";
import { renderSimulation, storyText } from "./simulation-view.ts";

/** Three hosts have three voters: one may be lost. */
const hostCount = 3;
const guestCount = 3;
/** What a small real guest takes to start. */
const startMs = 300;
/** How long nobody hears anybody, after every guest is paused. */
const darkMs = 3_000;
/** A slow machine may take this long for what takes seconds. */
const patienceMs = 60_000;

/** Starts the fleet, for the demonstration and for whoever wants to go on with it. */
export function startDemonstrationFleet(folder: string, session: Session): Promise<Simulation> {
  const onLine = (line: StoryLine) => {
    if (line.weight !== "detail") session.data(`${storyText(line, session.paint)}\n`);
  };
  const plan = { hosts: hostNames(hostCount), profile: "fast", policy: guestsPolicy(guestCount), folder, startMs };
  return Simulation.up({ ...plan, onLine });
}

/**
 * Shows what the fleet does about each fault, and waits for it.
 *
 * @throws CliError SIMULATION_FAILED where it does not do it, DEMO_FAILED where a guest ran on two hosts at once
 */
export async function demonstrateFleet(simulation: Simulation, session: Session): Promise<void> {
  const show = (status: SimulationStatus) =>
    session.data(
      `\n${renderSimulation(status, { paint: session.paint, degraded: false, storyLines: 0, columns: 200 })}`,
    );
  show(await simulation.until("every guest runs on one host", isUp, patienceMs));
  await losePower(simulation, session, show);
  await partitionOne(simulation, session, show);
  await partitionAll(simulation, session, show);
  const { story, overlap } = simulation.status();
  title(session, "What happened, measured at the hypervisors by one clock");
  session.data(renderIncidents(story, overlap, session.paint));
  if (overlap.totalMs > 0) throw new CliError("DEMO_FAILED", "a guest ran on two hosts at once");
}

type Show = (status: SimulationStatus) => void;

async function losePower(simulation: Simulation, session: Session, show: Show): Promise<void> {
  const victim = busiestHost(simulation.status());
  title(session, `The plug of ${victim} is pulled: its guests come up elsewhere`);
  await order(simulation, { kind: "kill", host: victim, what: "power" });
  show(await simulation.until("each guest runs again", everyGuestOnce, patienceMs));
  await order(simulation, { kind: "start", host: victim });
  await simulation.until(`${victim} is back`, isUp, patienceMs);
}

async function partitionOne(simulation: Simulation, session: Session, show: Show): Promise<void> {
  const before = simulation.status();
  const alone = busiestHost(before);
  const others = before.hosts.map(({ name }) => name).filter((name) => name !== alone);
  title(session, `${alone} is cut off: it pauses its guests, then the majority starts them`);
  await order(simulation, { kind: "partition", groups: [[alone], others] });
  const moved = (status: SimulationStatus) => everyGuestOnce(status) && runningOn(status, alone).length === 0;
  show(await simulation.until(`the guests of ${alone} run elsewhere`, moved, patienceMs));
  title(session, "The network is whole again: the paused copies go down");
  await order(simulation, { kind: "heal" });
  const settled = (status: SimulationStatus) => isUp(status) && copiesPaused(status) === 0;
  show(await simulation.until("no copy is left", settled, patienceMs));
}

async function partitionAll(simulation: Simulation, session: Session, show: Show): Promise<void> {
  const before = simulation.status();
  title(session, "No host hears another: no majority anywhere, so every guest is paused and none is started twice");
  await order(simulation, { kind: "partition", groups: before.hosts.map(({ name }) => [name]) });
  const paused = (status: SimulationStatus) => copiesPaused(status) === status.guests.length;
  show(await simulation.until("every guest is paused", paused, patienceMs));
  // Long enough to see that it stays so.
  await delay(darkMs);
  const still = simulation.status();
  if (!paused(still)) throw new CliError("DEMO_FAILED", "a guest was started without a majority");
  title(session, "The network is whole again: each guest goes on where it was");
  await order(simulation, { kind: "heal" });
  const settled = (status: SimulationStatus) => isUp(status) && copiesPaused(status) === 0;
  const after = await simulation.until("every guest is resumed", settled, patienceMs);
  show(after);
  const moved = after.guests.filter((guest, index) => hostOf(guest) !== hostOf(before.guests[index]));
  if (moved.length > 0) throw new CliError("DEMO_FAILED", `${moved.map(({ name }) => name).join(", ")} was moved`);
}

function title(session: Session, text: string): void {
  session.note("");
  session.note(`# ${text}`, "bold");
}

async function order(simulation: Simulation, request: ControlRequest): Promise<void> {
  const answer = await simulation.answer(request);
  if (answer.kind === "refused") throw new CliError("SIMULATION_REFUSED", answer.why);
}

function everyGuestOnce(status: SimulationStatus): boolean {
  return status.guests.length > 0 && executingOnce(status).length === status.guests.length;
}

function copiesPaused({ guests }: SimulationStatus): number {
  return guests.flatMap(({ states }) => Object.values(states)).filter((state) => state === "paused").length;
}

function runningOn({ guests }: SimulationStatus, host: string): readonly string[] {
  return guests.filter(({ states }) => states[host] === "running").map(({ name }) => name);
}

function hostOf(guest: SimulationStatus["guests"][number] | undefined): string | undefined {
  return guest === undefined ? undefined : executingOn(guest)[0];
}

function busiestHost(status: SimulationStatus): string {
  const load = (host: string) => runningOn(status, host).length;
  const [busiest] = status.hosts.map(({ name }) => name).toSorted((left, right) => load(right) - load(left));
  return busiest ?? "h1";
}
