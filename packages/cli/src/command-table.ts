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
    summary: "show what Berth does: a fleet of real agents, and what happens when hosts are lost",
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
    name: "status",
    summary: "show on one screen how this host and its fleet are",
    load: () => import("./commands/status.ts"),
  },
  {
    name: "get",
    summary: "list guests, hosts, networks, claims or promises of the fleet, or of this host",
    load: () => import("./commands/get.ts"),
  },
  {
    name: "describe",
    summary: "show everything that is known of a guest, host or network",
    load: () => import("./commands/describe.ts"),
  },
  {
    name: "explain",
    summary: "say why a guest is, or is not, on a host",
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "events",
    summary: "show what happened, and why",
    load: () => import("./commands/events.ts"),
  },
  {
    name: "peers",
    summary: "show how the agents of the fleet hear each other",
    load: () => import("./commands/peers.ts"),
  },
  {
    name: "fleet",
    summary: "found a fleet, join one, and say who belongs to it",
    load: () => import("./commands/fleet.ts"),
  },
  {
    name: "token",
    summary: "make, list and revoke the tokens by which hosts join",
    load: () => import("./commands/token.ts"),
  },
  {
    name: "keys",
    summary: "show, rotate and revoke the keys of hosts and fleet",
    load: () => import("./commands/keys.ts"),
  },
  {
    name: "drain",
    summary: "give the guests of a host to others, in order",
    load: () => import("./commands/drain.ts"),
  },
  {
    name: "undrain",
    summary: "let a host take guests again",
    load: () => import("./commands/undrain.ts"),
  },
  {
    name: "release",
    summary: "move one guest to another host",
    load: () => import("./commands/release.ts"),
  },
  {
    name: "takeover",
    summary: "take a guest of a host that you have made sure is off",
    load: () => import("./commands/takeover.ts"),
  },
  {
    name: "confirm-dead",
    summary: "vouch that a host is off, so that its guests move at once",
    load: () => import("./commands/confirm-dead.ts"),
  },
  {
    name: "reset-quorum",
    summary: "found the voters anew when their majority is lost",
    load: () => import("./commands/reset-quorum.ts"),
  },
  {
    name: "reload",
    summary: "let the agent read its policy now",
    load: () => import("./commands/reload.ts"),
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
    name: "agent",
    summary: "run the agent of this host",
    load: () => import("./commands/agent.ts"),
  },
  {
    name: "dead-man",
    summary: "run the process that stops the guests of a host which lost its lease",
    load: () => import("./commands/dead-man.ts"),
  },
  {
    name: "hook",
    summary: "answer libvirt, which asks before it starts a guest",
    load: () => import("./commands/hook.ts"),
  },
  {
    name: "completion",
    summary: "print the completion script for a shell",
    load: () => import("./commands/completion.ts"),
  },
];
