import type { OptionWord, WordTree } from "./word-tree.ts";

/** @returns a list of `complete` commands, as fish wants them */
export function fishScript(tree: WordTree): string {
  const lines = ["# fish completion for berth", "complete -c berth -f"];
  const none = quote("__fish_use_subcommand");
  for (const option of tree.options) lines.push(`complete -c berth -n ${none}${optionWords(option)}`);
  for (const command of tree.commands) {
    const here = quote(`__fish_seen_subcommand_from ${command.name}`);
    lines.push(`complete -c berth -n ${none} -a ${command.name} -d ${quote(command.summary)}`);
    if (command.argument === "file") lines.push(`complete -c berth -n ${here} -F`);
    else if (command.argument !== "none") {
      lines.push(`complete -c berth -n ${here} -a ${quote(command.argument.choices.join(" "))}`);
    }
    for (const option of command.options) lines.push(`complete -c berth -n ${here}${optionWords(option)}`);
  }
  return `${lines.join("\n")}\n`;
}

function optionWords(option: OptionWord): string {
  const flags = option.flags.map((flag) => (flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`));
  return `${flags.join("")} -d ${quote(option.summary)}${valueWords(option)}`;
}

function valueWords(option: OptionWord): string {
  if (option.value === "none") return "";
  return option.value === "file" ? " -r -F" : ` -x -a ${quote(option.value.choices.join(" "))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
