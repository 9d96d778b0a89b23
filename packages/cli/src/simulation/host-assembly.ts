/** How a host, its processes and the story of the simulation are put together. */
import { readFileSync } from "node:fs";
import { agentClient } from "@berth/agent/api/client";
import { AgentWatch } from "./agent-watch.ts";
import type { Guardian } from "./guardian.ts";
import { profileOf } from "./host-files.ts";
import { type Role, SimulatedHost } from "./simulated-host.ts";
import { placesOf, type SimulationPlan } from "./simulation-plan.ts";
import type { Story } from "./story.ts";

/** How long an agent may take to answer one question before it counts as silent. */
const answerMs = 1_000;

/** What a host of the simulation reaches of its surroundings. */
export interface HostSurroundings {
  readonly guardian: Guardian;
  readonly story: Story;
  /** The watchdog device of this host was not fed in time. */
  readonly onWatchdog: (host: string) => void;
}

/** A host by the plan, without power yet. */
export function simulatedHost(plan: SimulationPlan, name: string, around: HostSurroundings): SimulatedHost {
  const { guardian, story } = around;
  const places = placesOf(plan, name);
  const onUnexpectedEnd = (role: Role, how: string) => {
    const last = lastLine(role === "agent" ? places.agentLog : places.deadManLog);
    story.notice(name, `${role} ended (${how}) and is started again${last === "" ? "" : `: ${last}`}`);
  };
  const onWatchdog = () => around.onWatchdog(name);
  const { watchdogMs } = profileOf(plan);
  return new SimulatedHost({ guardian, onUnexpectedEnd, onWatchdog }, { name, places, watchdogMs });
}

/** What a process said last, for whoever wonders why it ended. */
function lastLine(log: string): string {
  return readFileSync(log, "utf8").trimEnd().split("\n").at(-1)?.slice(0, 300) ?? "";
}

/** The watch over its agent. */
export function agentWatch(host: SimulatedHost, story: Story): AgentWatch {
  return new AgentWatch({
    client: agentClient({ socketPath: host.places.socketPath, deadlineMs: answerMs }),
    onEvent: (event) => story.told(host.name, event),
  });
}
