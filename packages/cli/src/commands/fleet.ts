import type { Command } from "commander";
import { defineEntryCommands } from "../membership/entry-commands.ts";
import { defineMemberCommands } from "../membership/member-commands.ts";
import type { Session } from "../session.ts";

/** `berth fleet`: founding, joining, and who belongs to it. */
export function define(command: Command, session: Session): void {
  defineEntryCommands(command, session);
  defineMemberCommands(command, session);
}
