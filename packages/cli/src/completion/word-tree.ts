/**
 * What can be typed, taken from the commands themselves: a completion script can then never offer an option that a
 * command does not have, nor miss one that it has.
 */
import type { Argument, Command, Option } from "commander";

/** What may follow a word: one of `choices`, a file where there are none, or nothing. */
export type ValueKind = { readonly choices: readonly string[] } | "file" | "none";

/** One option as a shell completes it. */
export interface OptionWord {
  /** Such as `-o` and `--output`. */
  readonly flags: readonly string[];
  readonly summary: string;
  readonly value: ValueKind;
}

/** One sub-command as a shell completes it. */
export interface CommandWord {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWord[];
  /** What its first argument may be. */
  readonly argument: ValueKind;
}

/** All that can be typed after `berth`. */
export interface WordTree {
  readonly options: readonly OptionWord[];
  readonly commands: readonly CommandWord[];
}

/** @returns the words of a program whose sub-commands are all loaded */
export function wordTree(program: Command): WordTree {
  const help = program.createHelp();
  return {
    options: help.visibleOptions(program).map(optionWord),
    commands: help.visibleCommands(program).map((command) => ({
      name: command.name(),
      summary: command.summary() || command.description(),
      options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
        .filter((option) => option.long !== "--version")
        .map(optionWord),
      argument: command.name() === "help" ? commandNames(program) : argumentValue(command.registeredArguments[0]),
    })),
  };
}

function commandNames(program: Command): ValueKind {
  return { choices: program.commands.map((command) => command.name()) };
}

function optionWord(option: Option): OptionWord {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    summary: option.description,
    value: option.required ? valueKind(option.argChoices, option.flags) : "none",
  };
}

function argumentValue(argument: Argument | undefined): ValueKind {
  return argument === undefined ? "none" : valueKind(argument.argChoices, argument.name());
}

/** Placeholders such as `<file>` and `<dir>` name what is expected; other free values cannot be completed. */
function valueKind(choices: readonly string[] | undefined, placeholder: string): ValueKind {
  if (choices !== undefined) return { choices };
  return /file|dir/i.test(placeholder) ? "file" : "none";
}
