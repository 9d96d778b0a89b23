import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { hostNamed, operatorName, readHosts, refuseLiving, requireFenced } from "../operator-guards.ts";
import type { Session } from "../session.ts";
import { parseGuest } from "../thing-name.ts";

interface Options extends AgentOptions {
  readonly from: string;
  readonly iHaveFenced?: string;
  readonly operator?: string;
}

/** `berth takeover GUEST --from HOST --i-have-fenced HOST`: this host takes a guest of a host that a person has made sure is off. */
export function define(command: Command, session: Session): void {
  command
    .argument("<guest>", "guest/NAME, or its bare name")
    .requiredOption("--from <host>", "its owner, which is off")
    .option("--i-have-fenced <host>", "the same name again: you have made sure that this host is off")
    .option("--operator <name>", "who vouches (otherwise the user who is signed in)");
  addAgentOptions(command)
    .addHelpText("after", help)
    .action((text: string, options: Options) => takeOver(parseGuest(text), options, session));
}

async function takeOver(guest: string, options: Options, session: Session): Promise<void> {
  const { from, iHaveFenced } = options;
  requireFenced(from, iHaveFenced === undefined ? undefined : [iHaveFenced]);
  const operator = operatorName(options.operator, session);
  const client = await connect(options, session);
  const fleet = await readHosts(client);
  if (!hostNamed(fleet.self, fleet).hypervisor) {
    throw new CliError("ELSEWHERE", `${fleet.self} is a witness and runs no guests`, {
      remedy: `Run it on the host that shall have ${guest}, or let the fleet choose: berth confirm-dead ${from}`,
    });
  }
  refuseLiving(from, fleet);
  const claims = (await client.list("claims")).items;
  const claim = claims.find((one) => one.guest === guest);
  if (claim === undefined) {
    throw new CliError("NOT_FOUND", `${fleet.self} knows of no claim on ${guest}`, {
      unknown: { word: guest, known: claims.map((one) => one.guest) },
    });
  }
  if (claim.owner !== from) {
    throw new CliError("REFUSED", `${claim.owner ?? "nobody"} owns ${guest}, not ${from}`, {
      remedy: `\`berth explain guest/${guest}\` says where it stands.`,
    });
  }
  await client.operate({ kind: "confirm-dead", host: from, operator });
  await client.operate({ kind: "claim", guest });
  const others = claims.filter((one) => one.owner === from && one.guest !== guest).map((one) => one.guest);
  session.note(
    `${operator} vouches that ${from} is off. ${fleet.self} claims ${guest} as soon as a majority of the voters has fenced ${from}.`,
  );
  if (others.length > 0)
    session.note(`A fence is for a whole host: ${others.join(", ")} may move from ${from} as well.`);
}

const help = `
Berth moves the guests of a silent host by itself once its lease has run out, so this is needed only when you cannot
wait. If HOST still runs its guests, they will run twice: make sure first. A host that answers is refused (exit code 6).
`;
