/**
 * The five entities of XML and character references, decoded. Others do not exist without a document type.
 * The parsing library is told to leave entities alone: decoded by it, `&#10;` in an attribute would come back as a line
 * feed that the next reader takes for a blank.
 *
 * Source: https://www.w3.org/TR/xml/ (sections 2.2 characters, 3.3.3 attribute values, 4.6 entities).
 */
import { XmlMistake } from "./xml-problem.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML forbids
const forbiddenCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Where a text holds a character that XML does not allow, -1 where it holds none. */
export function forbiddenCharacterAt(text: string): number {
  return text.search(forbiddenCharacter);
}

/**
 * The text between tags: line ends are line feeds, entities are decoded.
 * @throws XmlMistake with the offset in `raw`
 */
export function decodeText(raw: string): string {
  const end = raw.indexOf("]]>");
  if (end >= 0) throw new XmlMistake("XML_MALFORMED", '"]]>" must be written "]]&gt;" in text.', end);
  const lines = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  return lines.includes("&") ? decodeEntities(lines) : lines;
}

/**
 * An attribute's value: blanks of any kind are spaces, as XML says; a line feed that is meant is written `&#10;`.
 * @throws XmlMistake with the offset in `raw`
 */
export function decodeAttribute(raw: string): string {
  const tag = raw.indexOf("<");
  if (tag >= 0) throw new XmlMistake("XML_MALFORMED", '"<" must be written "&lt;" in a value.', tag);
  const spaced = /[\t\r\n]/.test(raw) ? raw.replace(/\r\n|[\t\r\n]/g, " ") : raw;
  return spaced.includes("&") ? decodeEntities(spaced) : spaced;
}

const namedEntities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decodeEntities(raw: string): string {
  return raw.replace(/&([^;&\s]{0,12};)?/g, (whole: string, body: string | undefined, index: number) => {
    const name = body?.slice(0, -1) ?? "";
    const decoded = Object.hasOwn(namedEntities, name) ? namedEntities[name] : decodeCharacter(name);
    if (decoded !== undefined) return decoded;
    const written = body === undefined ? '"&" must be written "&amp;".' : `The entity ${whole} is not known.`;
    throw new XmlMistake("XML_BAD_ENTITY", written, index);
  });
}

/** `#10` and `#xA`, where XML allows the character. */
function decodeCharacter(name: string): string | undefined {
  const match = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name);
  if (match === null) return undefined;
  const code = match[1] === undefined ? Number.parseInt(match[2] ?? "", 10) : Number.parseInt(match[1], 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  const character = String.fromCodePoint(code);
  return forbiddenCharacter.test(character) ? undefined : character;
}
