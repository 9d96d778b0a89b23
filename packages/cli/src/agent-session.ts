/** How a command finds this host's agent, and what it does where there is none. */
import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-code.ts";
import { fleetSign, signOf } from "./fleet-sign.ts";
import { readDaemonConfig } from "./host-config.ts";
import type { HostOptions } from "./options.ts";
import type { Session } from "./session.ts";

/** What the options of {@link addAgentOptions} parse to. */
export interface AgentOptions {
  readonly socket?: string;
  readonly config?: string;
}

/** `--socket` and `--config`, for every command that asks the agent. */
export function addAgentOptions(command: Command): Command {
  return addSocketOption(command).option("--config <file>", "configuration file (otherwise /etc/berth/config.yaml)");
}

/** `--socket` alone, for commands that have `--config` already. */
export function addSocketOption(command: Command): Command {
  return command.option("--socket <path>", "the agent's socket (otherwise as configured, /run/berth/agent.sock)");
}

/**
 * The agent of this host. Nothing is sent yet.
 *
 * @throws CliError NO_FLEET, exit code 3, where neither a socket nor the files of a fleet are to be found
 */
export async function connect(options: AgentOptions, session: Session): Promise<AgentClient> {
  const { agentClient } = await import("@berth/agent/api/client");
  const named = namedSocket(options, session);
  if (named !== undefined) return agentClient({ socketPath: named });
  const { socketPath, isInFleet: known } = await look(options, session);
  if (known) return agentClient({ socketPath });
  throw new CliError("NO_FLEET", `no agent runs on this host (${socketPath}), and it belongs to no fleet`, {
    exitCode: exitCodes.agentUnreachable,
    remedy: "`berth fleet init` makes one of it, `berth sim up` shows one on this machine.",
  });
}

/**
 * Whether this host belongs to a fleet: an agent's socket is there, or the files of a fleet are. Where neither is, commands that can
 * speak of one host alone do so.
 */
export async function isInFleet(options: AgentOptions & HostOptions, session: Session): Promise<boolean> {
  return namedSocket(options, session) !== undefined || (await look(options, session)).isInFleet;
}

/** The flag over the variable; the configuration is read only where neither says it. */
function namedSocket({ socket }: AgentOptions, session: Session): string | undefined {
  return [socket, session.terminal.environment.BERTH_SOCKET].find((path) => path !== undefined && path !== "");
}

async function look(
  options: AgentOptions & HostOptions,
  session: Session,
): Promise<{ readonly socketPath: string; readonly isInFleet: boolean }> {
  const { agent, config } = await readDaemonConfig(options, session);
  const { socketPath } = agent;
  // What this user may not see may be there all the same: then the agent itself shall say that he may not.
  return { socketPath, isInFleet: signOf(socketPath) !== "absent" || fleetSign(config.stateDir) !== "absent" };
}
