import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "./cli-error.ts";
import { outputFormats } from "./output/list-view.ts";
import type { OutputChoice } from "./session.ts";

/** What the options of {@link addClassOptions} parse to. */
export interface ClassOptions {
  readonly config?: string;
  readonly define?: readonly string[];
}

/** What the options of {@link addHostOptions} parse to. */
export interface HostOptions extends ClassOptions {
  /** `type=URI` as typed. */
  readonly uri?: readonly string[];
  readonly stateDir?: string;
  readonly embedded?: true;
}

/** An option with a fixed set of values. A value outside of it is a CliError USAGE that knows what was probably meant. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description).choices(choices);
  return option.argParser((text: string) => knownChoice(option.long ?? flags, text, choices));
}

/** As {@link choiceOption}, for an argument: `name` is its placeholder, such as `<kind>`. */
export function choiceArgument(name: string, description: string, choices: readonly string[]): Argument {
  const argument = new Argument(name, description).choices(choices);
  return argument.argParser((text: string) => knownChoice(name, text, choices));
}

function knownChoice(where: string, text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text;
  throw new CliError("USAGE", `${where} is one of ${choices.join(", ")}, not "${text}"`, {
    unknown: { word: text, known: choices },
  });
}

/** `-o` and `--no-headers`, for every command that prints data. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(choiceOption("-o, --output <format>", "how to print", outputFormats).default("table"))
    .option("--no-headers", "leave out the line of column titles");
}

/** The part of a command's options that decides how data is printed. */
export function outputChoice({ output, headers }: OutputChoice): OutputChoice {
  return { output, headers };
}

/** Which configuration applies and which classes hold: for commands that evaluate policy. */
export function addClassOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (otherwise /etc/berth/config.yaml)")
    .addOption(
      new Option("-D, --define <class>", "set a class; commas separate several, may be repeated").argParser(
        collectClasses,
      ),
    );
}

/** As {@link addClassOptions}, and which hypervisors: for commands that look at this host. */
export function addHostOptions(command: Command): Command {
  return addClassOptions(command)
    .addOption(
      new Option("--uri <type=URI>", "connection for a type, such as kvm=qemu:///session; may be repeated").argParser(
        (text: string, before: readonly string[] = []) => [...before, text],
      ),
    )
    .option("--embedded", "serve every type by the hypervisor in this process, for trying things out")
    .option("--state-dir <dir>", "folder for locks and for the embedded hypervisor's state");
}

/** What the options of {@link addPassOptions} parse to. */
export interface PassOptions extends HostOptions {
  readonly negate?: readonly string[];
  readonly bundlesequence?: readonly string[];
  readonly detailedExitcode?: true;
}

/** As {@link addHostOptions}, for commands that go through a whole pass; cf-agent's letters. */
export function addPassOptions(command: Command): Command {
  command
    .addOption(
      new Option("-N, --negate <class>", "unset a class, whatever sets it; may be repeated").argParser(collectClasses),
    )
    .addOption(
      new Option(
        "-b, --bundlesequence <bundles>",
        "evaluate these bundles, in place of the policy's own list",
      ).argParser((text: string) => text.split(",")),
    )
    .option("--detailed-exitcode", "exit 2 when changes wait or promises are not kept");
  return addHostOptions(command);
}

const className = /^[a-zA-Z0-9_]+$/;

function collectClasses(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!className.test(name)) {
      throw new InvalidArgumentError(`"${name}" is not a class name: letters, digits and _ only.`);
    }
  }
  return [...before, ...names];
}
