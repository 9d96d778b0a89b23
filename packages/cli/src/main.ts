import { type Command, CommanderError } from "commander";
import { CliError, type UnknownWord } from "./cli-error.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { buildProgram } from "./program.ts";
import { Session } from "./session.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/**
 * Runs one `berth` command line and returns how the process shall end. Never rejects for a mistake of the user or for
 * an unreachable hypervisor: these are told on stderr.
 *
 * @param argv what follows `berth` on the command line
 */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<ExitCode> {
  const session: Session = new Session({
    terminal,
    run: (inner) => main(inner, terminal),
    wholeProgram: () => buildProgram(session, () => true),
  });
  const words = new Set(argv);
  let program: Command | undefined;
  try {
    program = await buildProgram(session, (entry) => words.has(entry.name));
    if (argv.length === 0) {
      session.note(program.helpInformation());
      return exitCodes.usage;
    }
    await program.parseAsync([...argv], { from: "user" });
    return session.exitCode;
  } catch (error) {
    return await explain(error, session, program === undefined ? undefined : invokedCommand(program, argv));
  }
}

/** The sub-command that the words lead to, or the program itself. */
function invokedCommand(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv) command = command.commands.find((one) => one.name() === word) ?? command;
  return command;
}

/** As it is typed: `berth fleet join`. */
function nameOf(command: Command | undefined): string {
  if (command === undefined) return "berth";
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** Tells what was thrown: what is wrong, then on its own line what to do. */
async function explain(error: unknown, session: Session, invoked: Command | undefined): Promise<ExitCode> {
  const command = nameOf(invoked);
  if (error instanceof CommanderError) return explainUsage(error, session, invoked);
  if (error instanceof CliError) {
    tell(session, `${command}: ${error.message}`, error.remedy ?? (await suggestion(error.unknown)));
    if (error.code === "USAGE") session.note(`  See \`${command} --help\`.`);
    return error.exitCode;
  }
  if (isExpectedFailure(error)) {
    tell(session, `${command}: ${error.message} (${error.code})`, error.remedy);
    return exitCodeOfFailure[error.code] ?? exitCodes.error;
  }
  throw error;
}

async function suggestion(unknown: UnknownWord | undefined): Promise<string | undefined> {
  if (unknown === undefined) return undefined;
  const { closestWord } = await import("@berth/agent/policy-text");
  const near = closestWord(unknown.word, unknown.known);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

/** Failures that a script tells apart; every other one is an error. */
const exitCodeOfFailure: Readonly<Record<string, ExitCode>> = {
  AGENT_UNREACHABLE: exitCodes.agentUnreachable,
  NOT_AUTHORISED: exitCodes.notAuthorised,
  NOT_FOUND: exitCodes.notFound,
};

/** I/O failures of the agent carry a stable code; everything else that is thrown is a bug and shall be seen as one. */
function isExpectedFailure(error: unknown): error is Error & { code: string; remedy?: string } {
  return error instanceof Error && error.name === "AgentError" && "code" in error;
}

function explainUsage(error: CommanderError, session: Session, invoked: Command | undefined): ExitCode {
  // Help and version that were asked for end this way too.
  if (error.exitCode === 0) return exitCodes.fine;
  const command = nameOf(invoked);
  if (error.code === "commander.help") {
    // Nothing was asked of a command that has sub-commands, or help for one that does not exist.
    session.note((invoked?.helpInformation() ?? "").trimEnd());
    return exitCodes.usage;
  }
  const [first = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const meant = more.join(" ").replace(/^\(Did you mean (.*)\?\)$/, "Did you mean $1?");
  tell(session, `${command}: ${first}`, meant === "" ? undefined : meant);
  session.note(`  See \`${command} --help\`.`);
  return exitCodes.usage;
}

function tell(session: Session, message: string, remedy: string | undefined): void {
  session.note(message);
  if (remedy !== undefined) session.note(`  ${remedy}`);
}
