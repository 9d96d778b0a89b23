import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { hostNamed, readHosts } from "../operator-guards.ts";
import { addOperatorOption, ask } from "../operator-order.ts";
import type { Session } from "../session.ts";

interface Options extends AgentOptions {
  readonly operator?: string;
}

/** `berth undrain [HOST]`: a host takes guests again. */
export function define(command: Command, session: Session): void {
  command.argument("[host]", "which host (otherwise this one)");
  addAgentOptions(addOperatorOption(command))
    .addHelpText("after", help)
    .action(async (named: string | undefined, options: Options) => {
      const client = await connect(options, session);
      const fleet = await readHosts(client);
      const host = named ?? fleet.self;
      if (!hostNamed(host, fleet).hypervisor) {
        session.note(`${host} is a witness: it takes no guests.`);
        return;
      }
      await ask({ host, command: { kind: "undrain" }, operator: options.operator, fleet, client }, session);
      session.note(`${host} takes guests again. Those that moved away stay where they are.`);
    });
}

const help = `
Nothing moves back by itself: \`berth release GUEST --to HOST\` brings one back.
`;
