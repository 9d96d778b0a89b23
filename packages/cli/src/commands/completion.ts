import type { Command } from "commander";
import { completionScript, type Shell, shells } from "../completion/completion-script.ts";
import { wordTree } from "../completion/word-tree.ts";
import { choiceArgument } from "../options.ts";
import type { Session } from "../session.ts";

/** `berth completion SHELL`: the script that makes a shell complete `berth` commands and options. */
export function define(command: Command, session: Session): void {
  command
    .addArgument(choiceArgument("<shell>", "the shell that shall complete", shells))
    .addHelpText("after", help)
    .action(async (shell: Shell) => {
      const program = await session.wholeProgram();
      session.data(completionScript(shell, wordTree(program)));
    });
}

const help = `
Load it in the shell that is running, or from its start-up file:
  bash   source <(berth completion bash)
  zsh    source <(berth completion zsh)
  fish   berth completion fish | source
`;
