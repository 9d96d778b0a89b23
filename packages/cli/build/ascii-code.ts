/**
 * V8 keeps the text of a script for as long as its functions live, a byte for each character, but two for each of them as
 * soon as one is none of Latin-1. A single dash in a message so costs as much memory as the whole script.
 */

/**
 * The same program with every other character than ASCII written as an escape. True for strings, templates and regular
 * expressions, for those with the `u` flag too, which take two escapes for one character; only `String.raw` would show them.
 */
export function asciiCode(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
