import type { ExplanationItem } from "@berth/agent/api/answers";
import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { knownNames, withKnownNames } from "../known-names.ts";
import { addOutputOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import type { OutputChoice, Session } from "../session.ts";
import { parseGuest } from "../thing-name.ts";
import { explanationScreen } from "../views/explanation-screen.ts";
import { addWatchOption, show, type WatchOptions } from "../watch.ts";

type Options = AgentOptions & OutputChoice & WatchOptions & { readonly on?: string };

/** `berth explain guest/NAME [--on HOST]`: why it is, or is not, there. */
export function define(command: Command, session: Session): void {
  command
    .argument("<guest>", "guest/NAME, or its bare name")
    .option("--on <host>", "the host that is asked about (otherwise this one)");
  addWatchOption(addAgentOptions(addOutputOptions(command)))
    .addHelpText("after", help)
    .action(async (text: string, options: Options) => {
      const guest = parseGuest(text);
      const client = await connect(options, session);
      await show(session, options, async () => {
        const asked = client.explain(guest, options.on);
        const host = { kind: "host", name: options.on ?? "" } as const;
        const { items, asSeenBy, unreachable } = await withKnownNames(asked, client, host);
        await refuseUnknown(items[0], client);
        const isScreen = options.output === "table" || options.output === "wide";
        const screen = isScreen
          ? items.map((item) => explanationScreen(item, options.headers, session.paint)).join("")
          : await session.render(explanationView, items, outputChoice(options), { asSeenBy, unreachable });
        return { text: screen, notes: [] };
      });
    });
}

/** A name that no policy and nobody in the fleet knows is a mistake, and no guest that is not there. @throws CliError NOT_FOUND */
async function refuseUnknown(item: ExplanationItem | undefined, client: AgentClient): Promise<void> {
  if (item?.decided_by !== "promise") return;
  const known = await knownNames(client, "guest");
  if (known.includes(item.guest)) return;
  throw new CliError("NOT_FOUND", item.conclusion, { unknown: { word: item.guest, known } });
}

const explanationView: ListView<ExplanationItem> = {
  kind: "Explanation",
  columns: [],
  name: ({ guest }) => `guest/${guest}`,
  json: (item) => item,
};

const help = `
The checks stand in the order in which they decide; the first "no" is the reason. Of another host this one knows what
that host gossips, and says what it cannot know.
`;
