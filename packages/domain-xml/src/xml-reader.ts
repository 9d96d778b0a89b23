/**
 * Reads XML text into elements, in one pass and strictly: what is not well-formed is refused with its place.
 *
 * Two kinds of text come here. A person's XML may hold anything, so the reader refuses document types (and with them
 * every entity but XML's five), limits size and depth, and names the line of the first mistake. libvirt's own XML comes
 * by the thousand, so the reader makes one walk over the text and copies only names and values.
 * It is measured beside fast-xml-parser, and tested against it; `docs/decisions/0030-own-xml-reader.md` says why.
 *
 * Source: https://www.w3.org/TR/xml/ (sections 2.2 characters, 3.1 tags, 3.3.3 attribute values, 4.6 entities).
 */
import type { XmlElement, XmlNode } from "./xml-tree.ts";

/** The first mistake in an XML text. */
export interface XmlProblem {
  readonly code: XmlProblemCode;
  /** One sentence. */
  readonly message: string;
  /** Where, in UTF-16 code units from the start. */
  readonly offset: number;
  /** Line, counted from 1. */
  readonly line: number;
  /** Column in UTF-16 code units, counted from 1. */
  readonly column: number;
}

export type XmlProblemCode =
  | "XML_EMPTY"
  | "XML_TOO_LARGE"
  | "XML_TOO_DEEP"
  | "XML_MALFORMED"
  | "XML_BAD_ENTITY"
  | "XML_DOCUMENT_TYPE"
  | "XML_SECOND_ROOT";

export type XmlParse =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly problem: XmlProblem };

/** libvirt's own limit for domain XML is 4 MiB; real ones are a few KiB, so a quarter of that is a mistake. */
export const xmlLengthMax = 1 << 20;
/** libvirt's elements nest 8 deep at most; metadata may nest more. */
export const xmlDepthMax = 64;

/** Reads one document with one root element. Never throws. */
export function parseXml(text: string): XmlParse {
  try {
    return { ok: true, root: readDocument(text) };
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    const { code, message, offset } = mistake;
    return { ok: false, problem: { code, message, offset, ...placeOf(text, offset) } };
  }
}

/** Line and column of an offset, both counted from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** Ends the walk at the first mistake. It never leaves this file. */
class Mistake {
  readonly code: XmlProblemCode;
  readonly message: string;
  readonly offset: number;

  constructor(code: XmlProblemCode, message: string, offset: number) {
    this.code = code;
    this.message = message;
    this.offset = offset;
  }
}

/** An element whose end tag has not come yet. */
interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlNode[];
  readonly offset: number;
  hasElements: boolean;
}

const noAttributes: ReadonlyMap<string, string> = new Map();
const noChildren: readonly XmlNode[] = [];
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML forbids
const forbiddenCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const nameAt = /[A-Za-z_:\u0080-\uffff][-A-Za-z0-9._:\u0080-\uffff]*/y;
const attributeAt =
  /([ \t\r\n]*)([A-Za-z_:\u0080-\uffff][-A-Za-z0-9._:\u0080-\uffff]*)[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)')/y;
const blanksAt = /[ \t\r\n]*/y;
const onlyBlanks = /^[ \t\r\n]*$/;

function readDocument(text: string): XmlElement {
  if (text.length > xmlLengthMax) {
    throw new Mistake("XML_TOO_LARGE", `The XML has ${text.length} characters; ${xmlLengthMax} are accepted.`, 0);
  }
  const forbidden = forbiddenCharacter.exec(text);
  if (forbidden !== null) {
    const code = forbidden[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    throw new Mistake("XML_MALFORMED", `The character U+${code} is not allowed in XML.`, forbidden.index);
  }
  const start = skipOutside(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  if (start === text.length) throw new Mistake("XML_EMPTY", "There is no XML here.", 0);
  if (text[start] !== "<") throw new Mistake("XML_MALFORMED", "Text stands before the first element.", start);
  const { element, end } = readElement(text, start);
  const rest = skipOutside(text, end);
  if (rest === text.length) return element;
  if (text[rest] !== "<") throw new Mistake("XML_MALFORMED", `Text stands after </${element.name}>.`, rest);
  if (text[rest + 1] === "/") throw new Mistake("XML_MALFORMED", "This end tag ends nothing.", rest);
  throw new Mistake("XML_SECOND_ROOT", `A second element follows <${element.name}>; one document has one.`, rest);
}

/** Past blanks, comments and processing instructions outside the root. */
function skipOutside(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = skipBlanks(text, at);
    if (text.startsWith("<!--", at)) at = skipTo(text, at, "-->", "comment");
    else if (text.startsWith("<?", at)) at = skipTo(text, at, "?>", "processing instruction");
    else if (text.startsWith("<!", at)) {
      throw new Mistake("XML_DOCUMENT_TYPE", "A document type is not accepted: libvirt's XML needs none.", at);
    } else return at;
  }
}

function skipBlanks(text: string, at: number): number {
  blanksAt.lastIndex = at;
  blanksAt.test(text);
  return blanksAt.lastIndex;
}

function skipTo(text: string, at: number, end: string, what: string): number {
  const found = text.indexOf(end, at + 2);
  if (found < 0) throw new Mistake("XML_MALFORMED", `This ${what} is never closed with ${end}.`, at);
  return found + end.length;
}

/** The root element with all inside. Open elements stand on a stack, so that depth costs no calls. */
function readElement(text: string, start: number): { element: XmlElement; end: number } {
  const open: OpenElement[] = [];
  let at = start;
  for (;;) {
    const top = open.at(-1);
    const next = text.indexOf("<", at);
    if (top !== undefined && next !== at) addText(text, at, next, top);
    const second = text.charCodeAt(next + 1);
    if (second === 0x2f /* / */ && top !== undefined) {
      at = readEndTag(text, next, top);
      open.pop();
      const element = closed(top);
      const parent = open.at(-1);
      if (parent === undefined) return { element, end: at };
      parent.children.push(element);
    } else if (second === 0x21 /* ! */) {
      at = readDeclaration(text, next, top);
    } else if (second === 0x3f /* ? */) {
      at = skipTo(text, next, "?>", "processing instruction");
    } else {
      const tag = readStartTag(text, next);
      at = tag.end;
      if (top !== undefined) top.hasElements = true;
      if (!tag.empty) {
        open.push(tag.element);
        if (open.length > xmlDepthMax) {
          throw new Mistake("XML_TOO_DEEP", `Elements nest more than ${xmlDepthMax} deep.`, next);
        }
      } else if (top === undefined) return { element: closed(tag.element), end: at };
      else top.children.push(closed(tag.element));
    }
  }
}

function addText(text: string, from: number, to: number, into: OpenElement): void {
  if (to < 0) throw new Mistake("XML_MALFORMED", `<${into.name}> is never closed.`, into.offset);
  const raw = text.slice(from, to);
  const marker = raw.indexOf("]]>");
  if (marker >= 0) throw new Mistake("XML_MALFORMED", '"]]>" must be written "]]&gt;" in text.', from + marker);
  into.children.push(decodeText(raw, from));
}

/** A comment, or character data that is taken as it stands. */
function readDeclaration(text: string, at: number, into: OpenElement | undefined): number {
  if (text.startsWith("<!--", at)) return skipTo(text, at, "-->", "comment");
  if (text.startsWith("<![CDATA[", at) && into !== undefined) {
    const end = skipTo(text, at, "]]>", "CDATA section");
    into.children.push(text.slice(at + "<![CDATA[".length, end - "]]>".length));
    return end;
  }
  throw new Mistake("XML_MALFORMED", "A declaration is not accepted here.", at);
}

function readEndTag(text: string, at: number, top: OpenElement): number {
  const nameEnd = at + 2 + top.name.length;
  const end = text.startsWith(top.name, at + 2) ? skipBlanks(text, nameEnd) : -1;
  if (end < 0 || text[end] !== ">") {
    const opened = placeOf(text, top.offset);
    const where = `line ${opened.line}, column ${opened.column}`;
    throw new Mistake("XML_MALFORMED", `</${top.name}> is expected here, to close <${top.name}> of ${where}.`, at);
  }
  return end + 1;
}

function readStartTag(text: string, at: number): { element: OpenElement; end: number; empty: boolean } {
  nameAt.lastIndex = at + 1;
  const name = nameAt.exec(text)?.[0];
  if (name === undefined) throw new Mistake("XML_MALFORMED", 'An element\'s name is expected after "<".', at);
  const { attributes, end } = readAttributes(text, at + 1 + name.length, name);
  const close = skipBlanks(text, end);
  const empty = text.charCodeAt(close) === 0x2f && text.charCodeAt(close + 1) === 0x3e;
  if (!empty && text.charCodeAt(close) !== 0x3e) {
    throw new Mistake("XML_MALFORMED", `An attribute name="value" or ">" is expected here, in <${name}>.`, close);
  }
  const element: OpenElement = { name, attributes, children: [], offset: at, hasElements: false };
  return { element, end: close + (empty ? 2 : 1), empty };
}

function readAttributes(
  text: string,
  from: number,
  element: string,
): { attributes: ReadonlyMap<string, string>; end: number } {
  let attributes: Map<string, string> | undefined;
  let end = from;
  for (;;) {
    attributeAt.lastIndex = end;
    const match = attributeAt.exec(text);
    if (match === null) return { attributes: attributes ?? noAttributes, end };
    const [whole, blanks = "", name = "", double, single] = match;
    const nameOffset = end + blanks.length;
    if (blanks === "") throw new Mistake("XML_MALFORMED", `A blank is missing before ${name}.`, nameOffset);
    attributes ??= new Map();
    if (attributes.has(name)) throw new Mistake("XML_MALFORMED", `<${element}> states ${name} twice.`, nameOffset);
    const raw = double ?? single ?? "";
    end += whole.length;
    attributes.set(name, decodeAttribute(raw, end - 1 - raw.length));
  }
}

function closed(element: OpenElement): XmlElement {
  const { name, attributes, offset } = element;
  if (element.children.length === 0) return { name, attributes, children: noChildren, offset };
  // Blanks between elements are layout; blanks in a leaf may be its value.
  const children = element.hasElements
    ? element.children.filter((node) => typeof node !== "string" || !onlyBlanks.test(node))
    : element.children;
  return { name, attributes, children, offset };
}

function decodeText(raw: string, offset: number): string {
  const lines = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  return lines.includes("&") ? decodeEntities(lines, offset) : lines;
}

/** Blanks of any kind become spaces, as XML says; a line feed that is meant is written `&#10;`. */
function decodeAttribute(raw: string, offset: number): string {
  const spaced = /[\t\r\n]/.test(raw) ? raw.replace(/\r\n|[\t\r\n]/g, " ") : raw;
  return spaced.includes("&") ? decodeEntities(spaced, offset) : spaced;
}

const namedEntities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decodeEntities(raw: string, offset: number): string {
  return raw.replace(/&([^;&\s]{0,12};)?/g, (whole: string, body: string | undefined, index: number) => {
    const name = body?.slice(0, -1) ?? "";
    const decoded = Object.hasOwn(namedEntities, name) ? namedEntities[name] : decodeCharacter(name);
    if (decoded !== undefined) return decoded;
    const written = body === undefined ? '"&" must be written "&amp;".' : `The entity ${whole} is not known.`;
    throw new Mistake("XML_BAD_ENTITY", written, offset + index);
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
