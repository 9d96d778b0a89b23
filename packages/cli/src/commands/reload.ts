import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { exitCodes } from "../exit-code.ts";
import { formatCount } from "../output/units.ts";
import type { Session } from "../session.ts";

/** `berth reload`: the agent reads its policy now. */
export function define(command: Command, session: Session): void {
  addAgentOptions(command)
    .addHelpText("after", help)
    .action(async (options: AgentOptions) => {
      const client = await connect(options, session);
      const policy = await client.reload();
      for (const { place, severity, message, code } of policy.findings)
        session.note(`${place}: ${severity}: ${message} [${code}]`);
      const force = `${formatCount(policy.promises, "promise")}, digest ${policy.digest.slice(0, 8) || "-"}, generation ${policy.generation}`;
      if (policy.bad) {
        session.note(
          policy.generation === 0
            ? "The policy has errors, and none is in force."
            : `The policy has errors; the one before stays in force: ${force}.`,
        );
        session.exitCode = exitCodes.error;
        return;
      }
      session.note(`In force: ${force}.`);
    });
}

const help = `
The agent reads its policy by itself when a file changes, and on SIGHUP. A policy with errors is told and not used (exit
code 1).
`;
