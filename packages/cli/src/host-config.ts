import type { AgentConfig } from "@berth/agent/config/agent-config";
import type { BerthConfig } from "@berth/agent/config/berth-config";
import type { ConfigInit } from "@berth/agent/config/config-reader";
import { CliError } from "./cli-error.ts";
import type { HostOptions } from "./options.ts";
import type { Session } from "./session.ts";

/**
 * The configuration that one command line leads to: its options over `BERTH_*` over the files.
 *
 * @throws CliError USAGE for a `--uri` that is not `type=URI`
 */
export async function readHostConfig(options: HostOptions, session: Session): Promise<BerthConfig> {
  const { readConfig } = await import("@berth/agent/config/config-reader");
  return await readConfig(await configInit(options, session));
}

/** The same with the settings of the daemon, for the agent itself and for those that speak to it. @throws as above */
export async function readDaemonConfig(
  options: HostOptions,
  session: Session,
): Promise<{ readonly config: BerthConfig; readonly agent: AgentConfig }> {
  const { readAgentConfig } = await import("@berth/agent/config/config-reader");
  const init = await configInit(options, session);
  // A pass takes them from its own options; the daemon has no other place for them.
  const flags = { ...init.flags, ...(options.define === undefined ? {} : { classes: options.define }) };
  return await readAgentConfig({ ...init, flags });
}

async function configInit(options: HostOptions, session: Session): Promise<ConfigInit> {
  return {
    ...(options.config === undefined ? {} : { file: options.config }),
    env: session.terminal.environment,
    flags: {
      uris: await parseUris(options.uri ?? []),
      ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
      ...(options.embedded === undefined ? {} : { embedded: options.embedded }),
    },
  };
}

async function parseUris(texts: readonly string[]): Promise<BerthConfig["uris"]> {
  if (texts.length === 0) return {};
  const { parseUriSetting } = await import("@berth/agent/config/config-sources");
  try {
    return Object.fromEntries(texts.map(parseUriSetting).map(({ type, uri }) => [type, uri]));
  } catch (error) {
    throw new CliError("USAGE", `--uri: ${(error as Error).message}`, { cause: error });
  }
}
