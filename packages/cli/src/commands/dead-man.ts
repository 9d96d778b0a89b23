import type { Command } from "commander";
import { readDaemonConfig } from "../host-config.ts";
import { addHostOptions, type HostOptions } from "../options.ts";
import type { Session } from "../session.ts";

interface Options extends HostOptions {
  readonly runDir?: string;
  readonly watchdog?: string;
  readonly pidDir?: string;
  readonly cgroupRoot?: string;
}

/** `berth dead-man`: the process that stops the guests of a host which lost its lease. */
export function define(command: Command, session: Session): void {
  addHostOptions(command)
    .option("--run-dir <dir>", "folder in tmpfs that it shares with the agent (otherwise /run/berth)")
    .option("--watchdog <device>", "watchdog device to feed, such as /dev/watchdog")
    .option("--pid-dir <dir>", "where libvirt has the pid files of its guests")
    .option("--cgroup-root <dir>", "where cgroup v2 is mounted")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const { configuredDeadMan } = await import("@berth/agent/dead-man/configured-dead-man");
      const { runDeadMan } = await import("@berth/agent/dead-man/run-dead-man");
      const settings = configuredDeadMan(await readDaemonConfig(options, session));
      const { runDir, watchdog, pidDir, cgroupRoot } = options;
      await runDeadMan({
        ...settings,
        ...(runDir === undefined ? {} : { runDir }),
        ...(watchdog === undefined ? {} : { watchdog }),
        ...(pidDir === undefined ? {} : { pidDirectory: pidDir }),
        ...(cgroupRoot === undefined ? {} : { cgroupRoot }),
      });
    });
}

const help = `
Runs as a unit of its own, so that it lives on when the agent is stopped, killed or starved. It needs the right to
kill the guests' processes, and no network.
`;
