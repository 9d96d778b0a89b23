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
      const { config, agent } = await readDaemonConfig(options, session);
      const { runDir, watchdog, pidDir, cgroupRoot } = options;
      const { deadManArguments } = await import("@berth/agent/dead-man/dead-man-arguments");
      const init = { config, agent, ...(runDir === undefined ? {} : { runDir }) };
      const places = { ...(watchdog === undefined ? {} : { watchdog }), ...(pidDir === undefined ? {} : { pidDir }) };
      // The process reads its own command line; from here on this one is the dead-man.
      process.argv.splice(2, process.argv.length, ...deadManArguments({ ...init, ...places, cgroupRoot }));
      await import("@berth/agent/dead-man/main");
    });
}

const help = `
Runs as a unit of its own, so that it lives on when the agent is stopped, killed or starved. It needs the right to
kill the guests' processes, and no network.
`;
