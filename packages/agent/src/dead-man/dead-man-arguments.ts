import type { AgentConfig } from "../config/agent-config.ts";
import { type BerthConfig, uriOf } from "../config/berth-config.ts";

/** What the dead-man is started with; what is left out comes from the configuration. */
export interface DeadManArguments {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
  readonly runDir?: string | undefined;
  readonly watchdog?: string | undefined;
  /** @default libvirt's own */
  readonly pidDir?: string | undefined;
  /** @default /sys/fs/cgroup */
  readonly cgroupRoot?: string | undefined;
}

/** The command line of the dead-man's process (`main.ts`). */
export function deadManArguments({ config, agent, ...given }: DeadManArguments): string[] {
  const options: Readonly<Record<string, string | undefined>> = {
    "run-dir": given.runDir ?? agent.runDir,
    "state-dir": config.stateDir,
    uri: uriOf("kvm", config),
    watchdog: given.watchdog ?? (agent.watchdog === "" ? undefined : agent.watchdog),
    "pid-dir": given.pidDir,
    "cgroup-root": given.cgroupRoot,
  };
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}
