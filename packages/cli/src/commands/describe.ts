import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { withKnownNames } from "../known-names.ts";
import { addOutputOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import type { OutputChoice, Session } from "../session.ts";
import { parseThing } from "../thing-name.ts";
import { descriptionScreen } from "../views/description-screen.ts";
import { addWatchOption, show, type WatchOptions } from "../watch.ts";

type Item = Readonly<Record<string, unknown>>;

/** `berth describe guest/NAME`: everything that is known of one thing. */
export function define(command: Command, session: Session): void {
  command.argument("<thing>", "guest/NAME, host/NAME or network/NAME; a bare name is a guest's");
  addWatchOption(addAgentOptions(addOutputOptions(command)))
    .addHelpText("after", help)
    .action(async (text: string, options: AgentOptions & OutputChoice & WatchOptions) => {
      const { kind, name } = parseThing(text);
      const client = await connect(options, session);
      await show(session, options, async () => {
        const answer = await withKnownNames(client.describe(kind, name), client, { kind, name });
        const { items, asSeenBy, unreachable } = answer;
        const view: ListView<Item> = {
          kind: answer.kind,
          columns: [],
          name: () => `${kind}/${name}`,
          json: (item) => item,
        };
        const isScreen = options.output === "table" || options.output === "wide";
        const screen = isScreen
          ? items.map(descriptionScreen).join("")
          : await session.render(view, items, outputChoice(options), { asSeenBy, unreachable });
        return { text: screen, notes: [] };
      });
    });
}

const help = `
Copies are told by the hosts that have them, the rest by this host's agent. Networks are known on their own host only.
`;
