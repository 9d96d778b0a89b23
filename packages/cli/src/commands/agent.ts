import type { Command } from "commander";
import { readDaemonConfig } from "../host-config.ts";
import { addHostOptions, type HostOptions } from "../options.ts";
import type { Session } from "../session.ts";

interface Options extends HostOptions {
  readonly withDeadMan?: true;
}

/** `berth agent`: the daemon of this host, in the foreground. */
export function define(command: Command, session: Session): void {
  addHostOptions(command)
    .option("--with-dead-man", "start a dead-man that outlives the agent, where no init system does")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const { runDaemon } = await import("@berth/agent/daemon/run-daemon");
      const { config, agent } = await readDaemonConfig(options, session);
      await runDaemon({ config, agent, withDeadMan: options.withDeadMan === true });
    });
}

const help = `
This host must belong to a fleet: see \`berth fleet --help\`. Guests start only while the dead-man runs beside it.

SIGTERM ends it for a restart: its guests run on, and the agent that follows goes on with them. To send them elsewhere
first, use \`berth drain\`. SIGHUP loads the policy anew, which a change of its files does too.
`;
