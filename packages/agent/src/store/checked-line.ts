/**
 * A line that knows whether it is still what was written: eight hexadecimal digits of CRC-32, a space, the text. For
 * accidents (a flipped bit, half a write), not for enemies: whoever can write these files can compute the sum too.
 */
import { crc32 } from "node:zlib";

/** `text` with its sum before it. `context` is covered by the sum and not written, such as the key that it belongs to. */
export function checkedLine(text: string, context = ""): string {
  return `${sumOf(text, context)} ${text}`;
}

/** The text of a checked line, or undefined when line, sum or context are not those that were written. */
export function readCheckedLine(line: string, context = ""): string | undefined {
  const text = line.slice(9);
  return line[8] === " " && line.slice(0, 8) === sumOf(text, context) ? text : undefined;
}

function sumOf(text: string, context: string): string {
  return crc32(`${context}\0${text}`).toString(16).padStart(8, "0");
}
