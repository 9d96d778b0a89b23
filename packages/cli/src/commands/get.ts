import type { Command } from "commander";
import { type AgentOptions, addSocketOption, connect, isInFleet } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { lookAtFleet } from "../fleet-lists.ts";
import { type HostListOptions, hostKinds, listHost } from "../host-lists.ts";
import { addHostOptions, addOutputOptions, choiceArgument } from "../options.ts";
import type { Session } from "../session.ts";
import { addWatchOption, show, type WatchOptions } from "../watch.ts";

const kinds = ["guests", "hosts", "networks", "claims", "promises"] as const;
type Kind = (typeof kinds)[number];

type Options = HostListOptions & AgentOptions & WatchOptions & { readonly local?: true };

/** `berth get KIND [NAME...]`: the fleet as this host's agent sees it, or this host alone where there is no fleet. */
export function define(command: Command, session: Session): void {
  command
    .addArgument(choiceArgument("<kind>", "what to list", kinds))
    .argument("[name...]", "only these")
    .option("--local", "ask this host's hypervisors and policy alone, not its agent")
    .option("-f, --file <file>", "with --local: policy file (otherwise the configured one, if it exists)", collect);
  addWatchOption(addSocketOption(addHostOptions(addOutputOptions(command))))
    .addHelpText("after", help)
    .action((kind: Kind, names: string[], options: Options) => get(kind, names, options, session));
}

function collect(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file];
}

async function get(kind: Kind, names: readonly string[], options: Options, session: Session): Promise<void> {
  if (await isLocal(options, session)) {
    const hostKind = hostKinds.find((one) => one === kind);
    if (hostKind === undefined) throw needsAgent(kind, options);
    if (options.watch === true)
      throw new CliError("USAGE", "--watch follows the agent; it does not go with one host alone");
    return listHost(hostKind, names, options, session);
  }
  const client = await connect(options, session);
  const { output, headers } = options;
  await show(session, options, () => lookAtFleet({ kind, names, choice: { output, headers } }, client, session));
}

/** Whoever names policy or hypervisors means this host; without a socket and without a fleet's files there is no agent to ask. */
async function isLocal(options: Options, session: Session): Promise<boolean> {
  if (options.local === true) return true;
  const named = [options.file, options.uri, options.embedded, options.define, options.stateDir];
  return (
    options.socket === undefined && (named.some((one) => one !== undefined) || !(await isInFleet(options, session)))
  );
}

function needsAgent(kind: Kind, { local }: Options): CliError {
  if (local === true) return new CliError("USAGE", `${kind} are known to the agent only; leave out --local`);
  return new CliError("NO_FLEET", `${kind} are known to an agent only, and this host belongs to no fleet`, {
    remedy: "`berth fleet init` makes one, `berth sim up` shows one on this machine.",
  });
}

const help = `
With an agent on this host the answer is about the whole fleet, as that agent hears it. A host that it cannot hear is
"unknown", never stopped; AGE says how old a row's word is. Networks are told by their own host only, and so are guests
that are off and not promised.

Without an agent and without a fleet, or with --local, -f, --uri or --embedded, the answer is about this host alone.
Guests and networks that no policy promises are listed too; PROMISED is then "-". Berth never touches those.
`;
