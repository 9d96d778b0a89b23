import type { BerthConfig } from "@berth/agent/config/berth-config";
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
  return await readConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: session.terminal.environment,
    flags: {
      uris: await parseUris(options.uri ?? []),
      ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
      ...(options.embedded === undefined ? {} : { embedded: options.embedded }),
    },
  });
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
