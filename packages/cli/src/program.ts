import { Command } from "commander";
import { type CommandEntry, commandTable } from "./command-table.ts";
import { choiceOption } from "./options.ts";
import { colourModes } from "./output/colour.ts";
import type { Session } from "./session.ts";
import { version } from "./version.ts";

/**
 * Builds the command line. Every sub-command is known by name and summary; only those that `wanted` picks are loaded
 * with their options, which is one in an ordinary run and all of them for a completion script.
 */
export async function buildProgram(session: Session, wanted: (entry: CommandEntry) => boolean): Promise<Command> {
  const program = new Command("berth")
    .description("Keeps libvirt guests and networks in the state that a policy promises.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .addOption(choiceOption("--color <when>", "colour the output", colourModes).default("auto"))
    .configureHelp({ styleTitle: (title) => title, showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => session.terminal.stdout.write(text),
      // Mistakes are thrown and told once, by whoever started the program.
      writeErr: () => {},
      getOutHelpWidth: () => session.terminal.stdout.columns ?? 100,
    })
    .exitOverride()
    .addHelpText("after", overview);
  for (const entry of commandTable) {
    const command = program.command(entry.name).summary(entry.summary).description(sentence(entry.summary));
    command.exitOverride();
    if (wanted(entry)) (await entry.load()).define(command, session);
  }
  program.hook("preAction", (_program, command) => session.useOptionsOf(command));
  return program;
}

/** Summaries stand in a list, descriptions stand alone. */
function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

const overview = `
Begin here:
  berth demo                        see a fleet at work, without libvirt
  berth check site.cf               is this policy right?
  berth plan site.cf                what would change on this host?
  berth converge -n -f site.cf      the same, as cf-agent users type it
  berth converge site.cf            do it

With an agent on this host:
  berth status                      is the fleet well?
  berth get guests                  what runs where, in the whole fleet
  berth explain guest/web1          why is it (not) here?

Exit codes:
  0  fine, nothing to do included       4  not found
  1  an error, or a promise failed      5  not authorised
  2  changes pending, promises not kept, or something to look at; with --detailed-exitcode only
  3  no agent answers                   6  refused for safety
  64 the command line is wrong
`;
