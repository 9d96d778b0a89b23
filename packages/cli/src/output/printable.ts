/**
 * Names and reasons come from policies, from libvirt and from whoever named a domain. A terminal obeys control
 * characters, so none of them reaches it: they are shown instead.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** One line of text with every control character shown as `\xNN` or `\uNNNN`. */
export function printable(text: string): string {
  return text.replace(controls, (character) => escapeOf(character));
}

/** As {@link printable}, keeping line feeds and tabs. */
export function printableLines(text: string): string {
  return text.replace(controls, (character) =>
    character === "\n" || character === "\t" ? character : escapeOf(character),
  );
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
