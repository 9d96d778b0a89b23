import type { Command } from "commander";
import { addOutputOptions, addPassOptions, type PassOptions } from "../options.ts";
import { runPass } from "../pass-command.ts";
import type { OutputChoice, Session } from "../session.ts";
import { passColumns, planColumns } from "../views/pass-view.ts";

interface Options extends PassOptions, OutputChoice {
  readonly file?: readonly string[];
  readonly dryRun?: true;
  /** False with `-K`. */
  readonly lock: boolean;
  readonly inform?: true;
  readonly verbose?: true;
}

/** `berth converge [FILE...]`: one pass on this host, with cf-agent's letters. */
export function define(command: Command, session: Session): void {
  command
    .argument("[file...]", "policy files (otherwise the one of the configuration)")
    .option("-f, --file <file>", "policy file; the same as naming it", collect)
    .option("-n, --dry-run", "find out and show, change nothing")
    .option("-K, --no-lock", "evaluate every promise, whatever its ifelapsed says")
    .option("-I, --inform", "tell each repair as it is made")
    .option("-v, --verbose", "tell how each state is reached");
  addPassOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action((files: string[], options: Options) => converge(files, options, session));
}

function collect(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file];
}

async function converge(files: readonly string[], options: Options, session: Session): Promise<void> {
  const dryRun = options.dryRun === true;
  await runPass(
    {
      files: [...(options.file ?? []), ...files],
      options,
      dryRun,
      ignoreLocks: !options.lock,
      loudness: options.verbose === true ? "verbose" : options.inform === true ? "inform" : "quiet",
      columns: dryRun ? planColumns : passColumns,
      printReports: true,
    },
    session,
  );
}

const help = `
Prints what was changed; with nothing to do it prints nothing and exits 0. A promise that failed is told with where, why
and what to do, and makes the exit code 1. Guests that no policy promises are never touched.

As with cf-agent: berth converge -KI -D web -f site.cf
Unlike cf-agent, -n changes nothing at all.
`;
