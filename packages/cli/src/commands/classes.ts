import type { Command } from "commander";
import { readHostConfig } from "../host-config.ts";
import { addHostOptions, addOutputOptions, type HostOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import type { OutputChoice, Session } from "../session.ts";

/** `berth classes`: what `environment_host` and guards can name on this host at this moment. */
export function define(command: Command, session: Session): void {
  addHostOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action(async (options: HostOptions & OutputChoice) => {
      const { hostClasses } = await import("@berth/agent/policy-load");
      const config = await readHostConfig(options, session);
      const names = [...new Set([...(await hostClasses(config)), ...(options.define ?? [])])].sort();
      await session.list(classView, names, outputChoice(options));
    });
}

const classView: ListView<string> = {
  kind: "ClassList",
  columns: [{ title: "NAME", cell: (name) => name }],
  name: (name) => name,
  json: (name) => ({ name }),
};

const help = `
A class is a fact about this host: its names and addresses, its system, the time, what the configuration and -D add.
Policy uses them in guards (linux.!Sunday::) and in environment_host.
`;
