import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { operatorName, readHosts, refuseLiving, requireFenced } from "../operator-guards.ts";
import type { Session } from "../session.ts";

interface Options extends AgentOptions {
  readonly iHaveFenced?: string;
  readonly operator?: string;
}

/** `berth confirm-dead HOST --i-have-fenced HOST --operator NAME`: a person vouches that a host is off. */
export function define(command: Command, session: Session): void {
  command
    .argument("<host>", "the host that is off")
    .option("--i-have-fenced <host>", "the same name again: you have made sure that this host is off")
    .option("--operator <name>", "who vouches; the fleet's journal keeps it (otherwise the user who is signed in)");
  addAgentOptions(command)
    .addHelpText("after", help)
    .action(async (host: string, options: Options) => {
      requireFenced(host, options.iHaveFenced === undefined ? undefined : [options.iHaveFenced]);
      const operator = operatorName(options.operator, session);
      const client = await connect(options, session);
      const fleet = await readHosts(client);
      refuseLiving(host, fleet);
      const owned = (await client.list("claims")).items.filter(({ owner }) => owner === host).map(({ guest }) => guest);
      await client.operate({ kind: "confirm-dead", host, operator });
      session.note(`${operator} vouches that ${host} is off: a majority of the voters fences it at once.`);
      session.note(
        owned.length === 0
          ? `${host} owned no guest, as far as ${fleet.self} knows.`
          : `Its guests move: ${owned.join(", ")}.`,
      );
    });
}

const help = `
Berth fences a silent host by itself once its lease has run out at the voters; this only saves the waiting, or ends it
where the voters cannot know. If HOST still runs its guests, they will run twice: make sure first.
A host that answers is refused (exit code 6).
`;
