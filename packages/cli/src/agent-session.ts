/** How a command finds this host's agent, and what it does where there is none. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
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

/** The agent of this host. Nothing is sent yet. */
export async function connect(options: AgentOptions, session: Session): Promise<AgentClient> {
  const { agentClient } = await import("@berth/agent/api/client");
  return agentClient({ socketPath: await socketPathOf(options, session) });
}

/** Flag over `BERTH_SOCKET` over the configuration over the default. The configuration is read only where it decides. */
export async function socketPathOf({ socket, config }: AgentOptions, session: Session): Promise<string> {
  const named = socket ?? session.terminal.environment.BERTH_SOCKET;
  if (named !== undefined && named !== "") return named;
  const { agent } = await readDaemonConfig(config === undefined ? {} : { config }, session);
  return agent.socketPath;
}

/**
 * Whether this host belongs to a fleet: an agent's socket is there, or the files of a fleet are. Where neither is, commands that can
 * speak of one host alone do so.
 */
export async function isInFleet(options: AgentOptions & HostOptions, session: Session): Promise<boolean> {
  if (options.socket !== undefined) return true;
  const { agent, config } = await readDaemonConfig(options, session);
  return existsSync(agent.socketPath) || existsSync(join(config.stateDir, "fleet.json"));
}
