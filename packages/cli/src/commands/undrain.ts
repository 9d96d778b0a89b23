import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { hostNamed, readHosts, requireHere } from "../operator-guards.ts";
import type { Session } from "../session.ts";

/** `berth undrain [HOST]`: this host takes guests again. */
export function define(command: Command, session: Session): void {
  command.argument("[host]", "this host; another one is told where to run it");
  addAgentOptions(command)
    .addHelpText("after", help)
    .action(async (host: string | undefined, options: AgentOptions) => {
      const client = await connect(options, session);
      const fleet = await readHosts(client);
      if (host !== undefined) hostNamed(host, fleet);
      requireHere(host, fleet.self, "undrain");
      await client.operate({ kind: "undrain" });
      session.note(`${fleet.self} takes guests again. Those that moved away stay where they are.`);
    });
}

const help = `
Nothing moves back by itself: \`berth release GUEST --to HOST\`, run where the guest is, brings one back.
`;
