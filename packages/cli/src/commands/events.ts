import type { EventItem } from "@berth/agent/api/answers";
import type { EventFilter } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { addOutputOptions, outputChoice } from "../options.ts";
import { printable } from "../output/printable.ts";
import { parsePeriod } from "../period.ts";
import type { OutputChoice, Session } from "../session.ts";
import { parseGuest } from "../thing-name.ts";
import { eventView } from "../views/event-view.ts";

interface Options extends AgentOptions, OutputChoice {
  readonly follow?: true;
  readonly since?: string;
}

/** `berth events [-F] [--since 1h] [guest/NAME]`: what happened, and why. */
export function define(command: Command, session: Session): void {
  command
    .argument("[guest]", "only about guest/NAME")
    .option("-F, --follow", "go on with what happens, until interrupted")
    .option("--since <period>", "only of the last 30s, 10m, 1h, 2d");
  addAgentOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action(async (text: string | undefined, options: Options) => {
      const filter = filterOf(text, options, session);
      if (options.follow === true) return follow(filter, options, session);
      const client = await connect(options, session);
      const { items, asSeenBy } = await client.events(filter);
      await session.list(eventView, items, outputChoice(options), { asSeenBy });
      if (items.length === 0) session.note(`${asSeenBy} has no such event in its journal.`);
    });
}

function filterOf(guest: string | undefined, { since }: Options, session: Session): EventFilter {
  return {
    ...(guest === undefined ? {} : { guest: parseGuest(guest) }),
    ...(since === undefined
      ? {}
      : { since: new Date(session.terminal.nowMs() - parsePeriod("--since", since) * 1000).toISOString() }),
  };
}

/** Lines as they come: a table cannot know its widths beforehand, so these are fixed. JSON is one object per line. */
async function follow(filter: EventFilter, { output, ...options }: Options, session: Session): Promise<void> {
  if (output === "yaml")
    throw new CliError("USAGE", "--follow prints lines: -o json has one object on each, yaml does not");
  const signal = session.terminal.interruptSignal();
  const client = await connect(options, session);
  for await (const event of client.follow(filter, signal)) session.data(`${lineOf(event, output)}\n`);
  if (signal.aborted) return;
  throw new CliError("AGENT_GONE", "the agent went away", {
    exitCode: 3,
    remedy: "Ask again once it is back: `berth events -F`.",
  });
}

function lineOf(event: EventItem, output: OutputChoice["output"]): string {
  if (output === "json") return JSON.stringify(event);
  if (output === "name") return eventView.name(event);
  const { at, level, code, text } = event;
  return printable(`${at}  ${level.padEnd(7)}  ${code.padEnd(18)}  ${text}`);
}

const help = `
The journal goes back over restarts of the agent, about 10,000 entries (2 MiB on the disk); older ones are in the log of
the system. LIFE_BEGINS and LIFE_ENDS stand around each life of the agent; a life without an end was cut off. \`--since\`
goes by the machine's uptime where it can: setting the clock hides nothing.
`;
