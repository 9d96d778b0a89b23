import type { PolicyItem } from "@berth/agent/api/answers";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { exitCodes } from "../exit-code.ts";
import { addOutputOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import { formatCount } from "../output/units.ts";
import type { OutputChoice, Session } from "../session.ts";

/** `berth reload`: the agent reads its policy now. */
export function define(command: Command, session: Session): void {
  addAgentOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action(async (options: AgentOptions & OutputChoice) => {
      const client = await connect(options, session);
      const policy = await client.reload();
      const choice = outputChoice(options);
      if (choice.output === "table" || choice.output === "wide") tell(policy, session);
      else await session.list(policyView, [policy], choice, { asSeenBy: (await client.status()).asSeenBy });
      if (policy.bad) session.exitCode = exitCodes.error;
    });
}

function tell(policy: PolicyItem, session: Session): void {
  for (const { place, severity, message, code } of policy.findings)
    session.note(`${place}: ${severity}: ${message} [${code}]`);
  const { bad, generation, digest } = policy;
  const force = `${formatCount(policy.promises, "promise")}, digest ${digest.slice(0, 8) || "-"}, generation ${generation}`;
  if (!bad) session.note(`In force: ${force}.`);
  else if (generation === 0) session.note("The policy has errors, and none is in force.");
  else session.note(`The policy has errors; the one before stays in force: ${force}.`);
}

const policyView: ListView<PolicyItem> = {
  kind: "Policy",
  columns: [],
  name: ({ digest }) => `policy/${digest.slice(0, 8) || "-"}`,
  json: (item) => item,
};

const help = `
The agent reads its policy by itself when a file changes, and on SIGHUP. A policy with errors is told and not used (exit
code 1).
`;
