/** Names of hosts, addresses and releases become class names by losing every character that a class name cannot have. */
const outsideOfClassNames = /[^a-zA-Z0-9_]/;
const utf8LeadBytes = [0x80, 0x800, 0x10000] as const;

/**
 * Makes a text usable as a class name: every byte outside `[a-zA-Z0-9_]` becomes `_`. CFEngine counts bytes of UTF-8, so
 * `é` becomes two underscores. Observed: `canonify("a-b.c dé")` is `a_b_c_d__`.
 */
export function canonify(text: string): string {
  if (!outsideOfClassNames.test(text)) return text;
  let result = "";
  for (const character of text) {
    result += outsideOfClassNames.test(character) ? "_".repeat(utf8Length(character)) : character;
  }
  return result;
}

function utf8Length(character: string): number {
  const codePoint = character.codePointAt(0) ?? 0;
  return 1 + utf8LeadBytes.filter((first) => codePoint >= first).length;
}
