import type { Command } from "commander";
import { addOutputOptions, addPassOptions, type PassOptions } from "../options.ts";
import { runPass } from "../pass-command.ts";
import type { OutputChoice, Session } from "../session.ts";
import { planColumns } from "../views/pass-view.ts";

/** `berth plan [FILE...]`: the steps that a pass would take on this host, each with its effect and reason. */
export function define(command: Command, session: Session): void {
  command.argument("[file...]", "policy files (otherwise the one of the configuration)");
  addPassOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action(async (files: string[], options: PassOptions & OutputChoice) => {
      await runPass(
        {
          files,
          options,
          dryRun: true,
          ignoreLocks: true,
          loudness: "quiet",
          columns: planColumns,
          printReports: false,
        },
        session,
      );
    });
}

const help = `
Looks at the hypervisors and changes nothing. EFFECT says what each step disturbs:
  live         takes effect at once, disturbs nothing but what the promise asks for
  next boot    changes the definition; a running guest takes it when it is next started
  restart      the guest loses its memory and boots again
  network cut  guests on the network lose it
An empty plan means that every promise is kept.
`;
