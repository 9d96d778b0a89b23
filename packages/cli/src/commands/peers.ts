import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { lookAtFleet } from "../fleet-lists.ts";
import { addOutputOptions } from "../options.ts";
import type { OutputChoice, Session } from "../session.ts";
import { addWatchOption, show, type WatchOptions } from "../watch.ts";

/** `berth peers`: how this agent hears the others, and whom they hear. */
export function define(command: Command, session: Session): void {
  command.argument("[name...]", "only these");
  addWatchOption(addAgentOptions(addOutputOptions(command)))
    .addHelpText("after", help)
    .action(async (names: string[], options: AgentOptions & OutputChoice & WatchOptions) => {
      const client = await connect(options, session);
      const { output, headers } = options;
      await show(session, options, () =>
        lookAtFleet({ kind: "peers", names, choice: { output, headers } }, client, session),
      );
    });
}

const help = `
HEARS is each host's own word about the others. Two hosts that disagree about each other have a link that works one way
only. RTT is the round trip, CLOCK how far its wall clock is from this host's.
`;
