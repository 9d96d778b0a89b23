import type { AgentConfig } from "../config/agent-config.ts";
import { type BerthConfig, uriOf } from "../config/berth-config.ts";
import { type DeadManSettings, defaultDeadManSettings } from "./run-dead-man.ts";

/** Where the configuration comes from. */
export interface DeadManSources {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
}

/** The dead-man's settings as the configuration of its host has them. It watches the hypervisor of QEMU's guests. */
export function configuredDeadMan({ config, agent }: DeadManSources): DeadManSettings {
  return {
    ...defaultDeadManSettings,
    runDir: agent.runDir,
    stateDir: config.stateDir,
    uri: uriOf("kvm", config) ?? defaultDeadManSettings.uri,
    ...(agent.watchdog === "" ? {} : { watchdog: agent.watchdog }),
  };
}

/** The same as options of its process (`main.ts`). */
export function deadManOptions({ runDir, stateDir, uri, watchdog }: DeadManSettings): string[] {
  const options = ["--run-dir", runDir, "--state-dir", stateDir, "--uri", uri];
  return watchdog === undefined ? options : [...options, "--watchdog", watchdog];
}
