import type { Command } from "commander";
import { type AgentOptions, addAgentOptions } from "../agent-session.ts";
import { readHostConfig } from "../host-config.ts";
import type { Session } from "../session.ts";

/** What the options of {@link addFleetOptions} parse to. */
export interface FleetOptions extends AgentOptions {
  readonly stateDir?: string;
}

/** Where the fleet's files are, and where the agent is asked what it knows. */
export function addFleetOptions(command: Command): Command {
  return addAgentOptions(command).option(
    "--state-dir <dir>",
    "folder of the fleet's files (otherwise as configured, /var/lib/berth)",
  );
}

/** The folder of the fleet's files: option over `BERTH_STATE_DIR` over configuration over default. */
export async function stateDirOf({ config, stateDir }: FleetOptions, session: Session): Promise<string> {
  const options = { ...(config !== undefined && { config }), ...(stateDir !== undefined && { stateDir }) };
  return (await readHostConfig(options, session)).stateDir;
}

/** Options that may be repeated, or hold several values separated by commas. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(",").map((part) => part.trim())];
}
