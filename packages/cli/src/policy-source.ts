import { existsSync } from "node:fs";
import type { BerthConfig } from "@berth/agent/config/berth-config";
import type { PolicyLoad } from "@berth/agent/policy-load-types";
import { CliError } from "./cli-error.ts";
import { refuseErrors } from "./findings.ts";
import { readHostConfig } from "./host-config.ts";
import type { ClassOptions } from "./options.ts";
import type { Session } from "./session.ts";

/**
 * The files that a command line names, or the one of the configuration.
 *
 * @throws CliError NO_POLICY where neither exists
 */
export function policyFiles(named: readonly string[], config: BerthConfig): readonly string[] {
  if (named.length > 0) return named;
  if (existsSync(config.policyPath)) return [config.policyPath];
  throw new CliError("NO_POLICY", `no policy file is named and ${config.policyPath} does not exist`, {
    remedy: "Name one, as in `berth plan site.cf`, or set `policy:` in the configuration.",
  });
}

/**
 * Reads and evaluates policy, telling its findings on stderr.
 *
 * @throws CliError POLICY_INVALID, NO_POLICY
 */
export async function readPolicy(
  named: readonly string[],
  options: ClassOptions,
  session: Session,
): Promise<PolicyLoad> {
  const { loadPolicy } = await import("@berth/agent/policy-load");
  const config = await readHostConfig(options, session);
  const load = await loadPolicy({ files: policyFiles(named, config), config, classes: options.define ?? [] });
  await refuseErrors(load.diagnostics, load.sources, session);
  return load;
}
