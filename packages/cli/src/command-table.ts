import type { Command } from "commander";
import type { Session } from "./session.ts";

/** What the file of a sub-command exports. */
export interface CommandModule {
  /** Adds arguments, options, help and the action to `command`, which has its name and summary already. */
  define(command: Command, session: Session): void;
}

/** One sub-command as `berth --help` lists it. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the file of the sub-command: only the one that runs is loaded, for a fast start. */
  readonly load: () => Promise<CommandModule>;
}

/** The sub-commands, in the order in which a newcomer meets them. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "show what Berth does, on a hypervisor that lives in this process",
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "sim",
    summary: "run a fleet of agents on this machine, and cut, kill and freeze it",
    load: () => import("./commands/sim.ts"),
  },
  {
    name: "check",
    summary: "find mistakes in policy files",
    load: () => import("./commands/check.ts"),
  },
  {
    name: "plan",
    summary: "show what a pass would change on this host, and why",
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "converge",
    summary: "bring guests and networks of this host to what policy promises, once",
    load: () => import("./commands/converge.ts"),
  },
  {
    name: "get",
    summary: "list guests, networks or promises of this host",
    load: () => import("./commands/get.ts"),
  },
  {
    name: "promises",
    summary: "list what policy files promise on this host, with their places",
    load: () => import("./commands/promises.ts"),
  },
  {
    name: "classes",
    summary: "list the classes that hold on this host, as policy sees them",
    load: () => import("./commands/classes.ts"),
  },
  {
    name: "completion",
    summary: "print the completion script for a shell",
    load: () => import("./commands/completion.ts"),
  },
];
