import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { type FleetHosts, operatorName, readHosts, refuseLiving, requireFenced } from "../operator-guards.ts";
import type { Session } from "../session.ts";

interface Options extends AgentOptions {
  readonly dead?: readonly string[];
  readonly iHaveFenced?: readonly string[];
  readonly operator?: string;
  readonly reason: string;
  readonly confirm?: string;
}

/** `berth reset-quorum`: a new set of voters from this host's own, when no majority of the old set will ever answer again. */
export function define(command: Command, session: Session): void {
  command
    .requiredOption("--dead <host>", "a host that is off for good, or until it is wiped; once for each", collect)
    .option("--i-have-fenced <host>", "the same names again: you have made sure that they are off", collect)
    .option(
      "--operator <name>",
      "who vouches; the configuration of the fleet keeps it (otherwise the user who is signed in)",
    )
    .requiredOption("--reason <text>", "why; the configuration of the fleet keeps it")
    .option("--confirm <text>", "what would be asked for on a terminal: the fleet's name");
  addAgentOptions(command)
    .addHelpText("after", help)
    .action((options: Options) => reset(options, session));
}

function collect(host: string, before: readonly string[] = []): readonly string[] {
  return [...before, host];
}

async function reset(options: Options, session: Session): Promise<void> {
  const { dead = [], reason } = options;
  for (const host of dead) requireFenced(host, options.iHaveFenced);
  const operator = operatorName(options.operator, session);
  const client = await connect(options, session);
  const fleet = await readHosts(client);
  for (const host of dead) refuseLiving(host, fleet);
  refuseUnnamed(dead, fleet);
  const { fleet: name, voter } = await readQuorum(client, fleet.self);
  await requireTyped(name, options.confirm, fleet.self, session);
  await client.operate({ kind: "reset-quorum", voters: [voter], deadHosts: dead, operator, reason });
  session.note(
    `${operator}: the voters of fleet ${name} are founded anew from ${fleet.self} alone; ${dead.join(", ")} fenced.`,
  );
  session.note(
    "Every host that is left takes its paused guests down, begins anew and claims again. See `berth status -w`.",
  );
}

/**
 * A host that is neither heard nor called dead may be on the other side of a partition, in a majority that lives: two quorums
 * would then own each guest once.
 */
function refuseUnnamed(dead: readonly string[], { hosts }: FleetHosts): void {
  const silent = hosts.filter(({ name, state, self }) => !self && state !== "up" && !dead.includes(name));
  if (silent.length === 0) return;
  const names = silent.map(({ name }) => name);
  throw new CliError("REFUSED", `${names.join(", ")}: not heard and not named by --dead; a majority may live there`, {
    remedy: `Make sure that it is off, and name it: ${names.map((name) => `--dead ${name} --i-have-fenced ${name}`).join(" ")}`,
  });
}

interface Quorum {
  readonly fleet: string;
  readonly voter: { readonly voter: string; readonly host: string };
}

/** @throws CliError REFUSED where a majority answers, or this host has no vote to found a set from */
async function readQuorum(client: AgentClient, self: string): Promise<Quorum> {
  const { fleet, claims } = await client.snapshot();
  const { config, votersHeard, votersNeeded, leaseRemainingMs } = claims;
  if (leaseRemainingMs > 0 || votersHeard >= votersNeeded) {
    throw new CliError(
      "REFUSED",
      `a majority of the voters answers (${votersHeard} heard, ${votersNeeded} needed): there is nothing to reset`,
      {
        remedy: "To change the voters in order, use `berth fleet voters`.",
      },
    );
  }
  const voter = config.voters.find(({ host }) => host === self);
  if (voter !== undefined) return { fleet, voter };
  throw new CliError(
    "REFUSED",
    `${self} has no vote in configuration ${config.number}, so no set can be founded from it`,
    {
      remedy: `Run it on one of ${config.voters.map(({ host }) => host).join(", ")}.`,
    },
  );
}

/** @throws CliError REFUSED */
async function requireTyped(fleet: string, given: string | undefined, self: string, session: Session): Promise<void> {
  const typed = given ?? (await askFor(fleet, self, session));
  if (typed?.trim() === fleet) return;
  throw new CliError("REFUSED", typed === undefined ? "nothing was confirmed" : `"${typed}" is not the fleet's name`, {
    remedy: `Nothing was changed. Type the fleet's name when asked, or give it: --confirm ${fleet}`,
  });
}

/** On a terminal only: a script says what it means by `--confirm`. */
async function askFor(fleet: string, self: string, session: Session): Promise<string | undefined> {
  if (!session.terminal.stderr.isTerminal || !process.stdin.isTTY) return undefined;
  session.note(
    `This founds the voters of fleet ${fleet} anew from ${self} alone. Should a majority live elsewhere, every guest can run twice.`,
  );
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question("Type the fleet's name to go on: ");
  } finally {
    lines.close();
  }
}

const help = `
The last resort: without a majority of the voters everything stays paused, for ever if they are gone. Run it on a host
that has a vote, with every host that is not heard named by --dead and --i-have-fenced. It is refused (exit code 6)
while a majority answers. The memory of guests that are paused now is lost; none is started twice if what you say is
true.
`;
