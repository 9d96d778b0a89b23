import type { Command } from "commander";
import { addClassOptions, addOutputOptions, type ClassOptions, outputChoice } from "../options.ts";
import { readPolicy } from "../policy-source.ts";
import type { OutputChoice, Session } from "../session.ts";
import { promiseView } from "../views/promise-view.ts";

/** `berth promises FILE...`: the guests and networks that policy promises here, each with its place in the text. */
export function define(command: Command, session: Session): void {
  command.argument("[file...]", "policy files (otherwise the one of the configuration)");
  addClassOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action(async (files: string[], options: ClassOptions & OutputChoice) => {
      const { promises } = await readPolicy(files, options, session);
      await session.list(promiseView, promises, outputChoice(options));
    });
}

const help = `
Variables, lists and bodies are expanded. HERE says whether the class of environment_host holds on this host.
Nothing is connected to and nothing is changed.
`;
