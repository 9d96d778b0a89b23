import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AgentError } from "../agent-error.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { PartialAgentConfig } from "./agent-config-file.ts";
import { environmentAgentConfig, resolveAgentConfig } from "./agent-config-sources.ts";
import { type BerthConfig, defaultConfig } from "./berth-config.ts";
import { environmentConfig, overlay, type PartialConfig } from "./config-sources.ts";

/** Where the configuration is looked for when nobody names a file. */
export const defaultConfigFile = "/etc/berth/config.yaml";

/** Where {@link readConfig} finds its sources. */
export interface ConfigInit {
  /** `--config`: must exist. @default /etc/berth/config.yaml, which may be absent */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line sets. */
  readonly flags?: PartialConfig;
}

/**
 * The configuration of this host: flag over environment (`BERTH_*`) over the YAML files of `conf.d` in name order over the file.
 *
 * @throws AgentError CONFIG_INVALID; the message has one `file:line:column: text` line per finding
 */
export async function readConfig(init: ConfigInit): Promise<BerthConfig> {
  return resolved(await readFiles(init.file ?? init.env.BERTH_CONFIG), init);
}

/**
 * The same together with the settings of the daemon, from the same sources.
 *
 * @throws AgentError CONFIG_INVALID
 */
export async function readAgentConfig(
  init: ConfigInit & { readonly agentFlags?: PartialAgentConfig },
): Promise<{ readonly config: BerthConfig; readonly agent: AgentConfig }> {
  const files = await readFiles(init.file ?? init.env.BERTH_CONFIG);
  const sources = [...files.map(({ agent }) => agent), environmentAgentConfig(init.env), init.agentFlags ?? {}];
  return { config: resolved(files, init), agent: resolveAgentConfig(sources) };
}

/**
 * What holds where no file says anything: for one who must go on although the files are broken.
 *
 * @throws AgentError CONFIG_INVALID for the environment
 */
export function configWithoutFiles({ env }: Pick<ConfigInit, "env">): {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
} {
  return { config: resolved([], { env }), agent: resolveAgentConfig([environmentAgentConfig(env)]) };
}

function resolved(files: readonly ReadFile[], init: ConfigInit): BerthConfig {
  let config = defaultConfig;
  for (const source of files) config = overlay(config, source.config);
  config = overlay(config, environmentConfig(init.env));
  return overlay(config, init.flags ?? {});
}

/** What one file sets. */
interface ReadFile {
  readonly config: PartialConfig;
  readonly agent: PartialAgentConfig;
}

async function readFiles(named: string | undefined): Promise<ReadFile[]> {
  const main = named ?? defaultConfigFile;
  const files = [main, ...listFragments(join(dirname(main), "conf.d"))];
  const texts = files.flatMap((file) => {
    const text = readText(file, file === main && named === undefined);
    return text === undefined ? [] : [{ file, text }];
  });
  if (texts.length === 0) return [];
  const { parseConfigFile } = await import("./config-file.ts");
  const results = texts.map(({ file, text }) => parseConfigFile(file, text));
  const findings = results.flatMap((result) => (result.ok ? [] : result.findings));
  if (findings.length > 0) throw new AgentError("CONFIG_INVALID", findings.join("\n"));
  return results.flatMap((result) => (result.ok ? [result] : []));
}

function listFragments(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".yaml") && !name.startsWith("."))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw new AgentError("CONFIG_INVALID", `${folder}: cannot be read`, { cause: error });
  }
}

function readText(file: string, mayBeAbsent: boolean): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (mayBeAbsent && isMissing(error)) return undefined;
    throw new AgentError("CONFIG_INVALID", `${file}: cannot be read`, { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
