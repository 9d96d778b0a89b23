import type { CommandWord, OptionWord, ValueKind, WordTree } from "./word-tree.ts";

/** @returns a script for zsh's completion system (`compinit`), to be sourced or put into a folder of `$fpath` */
export function zshScript(tree: WordTree): string {
  return `#compdef berth
# zsh completion for berth
_berth() {
  local context state line
  local -a commands
  commands=(
${tree.commands.map((command) => `    ${quote(`${command.name}:${command.summary}`)}`).join("\n")}
  )
  _arguments -C \\
${argumentLines(tree.options)}
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${tree.commands.map(commandCase).join("\n")}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _berth ]; then _berth "$@"; else compdef _berth berth; fi
`;
}

function commandCase(command: CommandWord): string {
  const rest = command.argument === "none" ? "" : ` \\\n    '*:argument:${action(command.argument)}'`;
  const lines = argumentLines(command.options).replace(/ \\$/, "");
  return `        ${command.name}) _arguments \\\n${lines}${rest} ;;`;
}

function argumentLines(options: readonly OptionWord[]): string {
  return options.flatMap((option) => option.flags.map((flag) => `    ${specification(flag, option)} \\`)).join("\n");
}

function specification(flag: string, option: OptionWord): string {
  const summary = option.summary.replaceAll(/[[\]:]/g, (character) => `\\${character}`);
  const value = option.value === "none" ? "" : `:value:${action(option.value)}`;
  return quote(`*${flag}[${summary}]${value}`);
}

function action(value: ValueKind): string {
  if (value === "file") return "_files";
  return value === "none" ? "" : `(${value.choices.join(" ")})`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
