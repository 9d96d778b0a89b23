import type { StatusItem } from "@berth/agent/api/answers";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { exitCodes } from "../exit-code.ts";
import { addOutputOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import type { OutputChoice, Session } from "../session.ts";
import { statusScreen } from "../views/status-screen.ts";
import { isWell } from "../views/status-worries.ts";
import { addWatchOption, type Screen, show, type WatchOptions } from "../watch.ts";

type Options = AgentOptions & OutputChoice & WatchOptions & { readonly detailedExitcode?: true };

/** `berth status`: one screen. */
export function define(command: Command, session: Session): void {
  addWatchOption(addAgentOptions(addOutputOptions(command)))
    .option("--detailed-exitcode", "exit 2 when there is something to look at")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const client = await connect(options, session);
      await show(session, options, async (): Promise<Screen> => {
        const { items, asSeenBy, unreachable } = await client.status();
        const [status] = items;
        if (status === undefined) return { text: "", notes: ["the agent said nothing"] };
        if (options.detailedExitcode === true) session.exitCode = isWell(status) ? exitCodes.fine : exitCodes.changes;
        const isScreen = options.output === "table" || options.output === "wide";
        const text = isScreen
          ? statusScreen(status, session.paint)
          : await session.render(statusView, [status], outputChoice(options), { asSeenBy, unreachable });
        return { text, notes: [] };
      });
    });
}

const statusView: ListView<StatusItem> = {
  kind: "Status",
  columns: [],
  name: ({ host }) => `host/${host}`,
  json: (item) => item,
};

const help = `
The first line says whether there is anything to look at, and below it stands what. Everything is told as this host's
agent knows it; a host that it does not hear is unknown. \`berth explain guest/NAME\` says more about one guest.
`;
