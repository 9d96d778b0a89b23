import { bashScript } from "./bash-script.ts";
import { fishScript } from "./fish-script.ts";
import type { WordTree } from "./word-tree.ts";
import { zshScript } from "./zsh-script.ts";

/** Shells that `berth completion` writes for. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** @returns the whole script, to be sourced */
export function completionScript(shell: Shell, tree: WordTree): string {
  switch (shell) {
    case "bash":
      return bashScript(tree);
    case "zsh":
      return zshScript(tree);
    case "fish":
      return fishScript(tree);
  }
}
