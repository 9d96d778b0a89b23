import type { OptionWord, ValueKind, WordTree } from "./word-tree.ts";

/** @returns a function `_berth` and its registration; needs nothing of the bash-completion package */
export function bashScript(tree: WordTree): string {
  const commands = tree.commands.map((command) => command.name).join(" ");
  return `# bash completion for berth
_berth() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${tree.commands.map((command) => command.name).join("|")}) command=$word; break ;; esac
  done
  case $command:$previous in
${[
  ...valueCases("", tree.options),
  ...tree.commands.flatMap((command) => valueCases(command.name, command.options)),
].join("\n")}
  esac
  local words= files=
  case $command in
    "") words="${commands} ${flagsOf(tree.options)}" ;;
${tree.commands
  .map((command) => `    ${command.name}) ${argumentWords(command.argument, flagsOf(command.options))} ;;`)
  .join("\n")}
  esac
  if [[ $current != -* && -n $files ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o filenames -F _berth berth
`;
}

function flagsOf(options: readonly OptionWord[]): string {
  return options.flatMap((option) => option.flags).join(" ");
}

function valueCases(command: string, options: readonly OptionWord[]): string[] {
  return options.flatMap((option) => {
    if (option.value === "none") return [];
    const pattern = option.flags.map((flag) => `${command}:${flag}`).join("|");
    const reply = option.value === "file" ? "-f" : `-W "${option.value.choices.join(" ")}"`;
    return [`    ${pattern}) COMPREPLY=($(compgen ${reply} -- "$current")); return ;;`];
  });
}

function argumentWords(argument: ValueKind, flags: string): string {
  if (argument === "file") return `words="${flags}" files=1`;
  const choices = argument === "none" ? [] : argument.choices;
  return `words="${[...choices, flags].join(" ")}"`;
}
