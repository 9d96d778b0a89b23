/** A command for this host or for another one: typed the same, carried out by the agent that it is for. */
import type { AgentClient } from "@berth/agent/api/client";
import type { OrderCommand } from "@berth/agent/ports/agent-notice";
import type { Command } from "commander";
import type { FleetHosts } from "./operator-guards.ts";
import type { Session } from "./session.ts";

/** What is asked, of whom. */
export interface Order {
  readonly host: string;
  readonly command: OrderCommand;
  /** `--operator`. */
  readonly operator: string | undefined;
  readonly fleet: FleetHosts;
  readonly client: AgentClient;
}

/** `--operator`, for commands that another host may have to carry out. */
export function addOperatorOption(command: Command): Command {
  return command.option("--operator <name>", "who asks, for the journals (otherwise the user who is signed in)");
}

/** Returns once the agent of that host has taken it. @throws AgentError as the agent says */
export async function ask({ host, command, operator, fleet, client }: Order, session: Session): Promise<void> {
  if (host === fleet.self) return await client.operate(command);
  await client.order(host, command, operator ?? askerName(session));
}

/** Nothing is vouched for here, so a number will do where the environment has no name. */
function askerName({ terminal }: Session): string {
  const { SUDO_USER, USER, LOGNAME } = terminal.environment;
  const name = [SUDO_USER, USER, LOGNAME].find((one) => one !== undefined && one !== "");
  return name ?? `uid ${process.getuid?.() ?? "unknown"}`;
}
