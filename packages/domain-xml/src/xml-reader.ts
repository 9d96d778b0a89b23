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

/** What an ASCII character may be in a name: 2 anywhere, 1 anywhere but first, 0 nowhere. */
const nameRanks = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z_:]/.test(character)) return 2;
  return /[-0-9.]/.test(character) ? 1 : 0;
});

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const exclamationMark = 0x21;
const ampersand = 0x26;
const slash = 0x2f;
const lessThan = 0x3c;
const equals = 0x3d;
const greaterThan = 0x3e;
const questionMark = 0x3f;

function isBlank(code: number): boolean {
  return code === space || code === lineFeed || code === tab || code === carriageReturn;
}

function readDocument(text: string): XmlElement {
  if (text.length > xmlLengthMax) {
    throw new Mistake("XML_TOO_LARGE", `The XML has ${text.length} characters; ${xmlLengthMax} are accepted.`, 0);
  }
  const forbidden = forbiddenCharacter.exec(text);
  if (forbidden !== null) {
    const code = forbidden[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    throw new Mistake("XML_MALFORMED", `The character U+${code} is not allowed in XML.`, forbidden.index);
  }
  return new XmlWalk(text).document();
}

/** One walk over one text. `#at` is the next character to look at; open elements stand on a stack, so depth costs no calls. */
class XmlWalk {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlElement {
    const text = this.#text;
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1;
    this.#skipOutside();
    if (this.#at === text.length) throw new Mistake("XML_EMPTY", "There is no XML here.", 0);
    if (text.charCodeAt(this.#at) !== lessThan) {
      throw new Mistake("XML_MALFORMED", "Text stands before the first element.", this.#at);
    }
    const element = this.#element();
    this.#skipOutside();
    const rest = this.#at;
    if (rest === text.length) return element;
    if (text.charCodeAt(rest) !== lessThan) {
      throw new Mistake("XML_MALFORMED", `Text stands after </${element.name}>.`, rest);
    }
    if (text.charCodeAt(rest + 1) === slash) throw new Mistake("XML_MALFORMED", "This end tag ends nothing.", rest);
    throw new Mistake("XML_SECOND_ROOT", `A second element follows <${element.name}>; one document has one.`, rest);
  }

  /** Past blanks, comments and processing instructions outside the root. */
  #skipOutside(): void {
    const text = this.#text;
    for (;;) {
      this.#skipBlanks();
      if (text.startsWith("<!--", this.#at)) this.#skipTo("-->", "comment");
      else if (text.startsWith("<?", this.#at)) this.#skipTo("?>", "processing instruction");
      else if (text.startsWith("<!", this.#at)) {
        const message = "A document type is not accepted: libvirt's XML needs none.";
        throw new Mistake("XML_DOCUMENT_TYPE", message, this.#at);
      } else return;
    }
  }

  #skipBlanks(): void {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #skipTo(end: string, what: string): void {
    const found = this.#text.indexOf(end, this.#at + 2);
    if (found < 0) throw new Mistake("XML_MALFORMED", `This ${what} is never closed with ${end}.`, this.#at);
    this.#at = found + end.length;
  }

  /** The element at `#at` with all inside. */
  #element(): XmlElement {
    const open: OpenElement[] = [];
    for (;;) {
      const top = open.at(-1);
      if (top !== undefined) this.#readText(top);
      const start = this.#at;
      const second = this.#text.charCodeAt(start + 1);
      if (second === slash && top !== undefined) {
        this.#readEndTag(top);
        open.pop();
        const element = closed(top);
        const parent = open.at(-1);
        if (parent === undefined) return element;
        parent.children.push(element);
      } else if (second === exclamationMark) {
        this.#readDeclaration(top);
      } else if (second === questionMark) {
        this.#skipTo("?>", "processing instruction");
      } else {
        const element = this.#readStartTag();
        if (top !== undefined) top.hasElements = true;
        const isEmpty = this.#text.charCodeAt(this.#at - 2) === slash;
        if (!isEmpty) {
          open.push(element);
          if (open.length > xmlDepthMax) {
            throw new Mistake("XML_TOO_DEEP", `Elements nest more than ${xmlDepthMax} deep.`, start);
          }
        } else if (top === undefined) return closed(element);
        else top.children.push(closed(element));
      }
    }
  }

  /** Text up to the next `<`. Blanks beside an element are layout, and are dropped at once. */
  #readText(into: OpenElement): void {
    const from = this.#at;
    const text = this.#text;
    let at = from;
    while (isBlank(text.charCodeAt(at))) at += 1;
    if (text.charCodeAt(at) === lessThan && at > from) {
      const next = text.charCodeAt(at + 1);
      if (into.hasElements || (next !== slash && next !== exclamationMark)) {
        this.#at = at;
        return;
      }
    }
    const end = text.indexOf("<", at);
    if (end < 0) throw new Mistake("XML_MALFORMED", `<${into.name}> is never closed.`, into.offset);
    this.#at = end;
    if (end > from) into.children.push(decodeText(text.slice(from, end), from));
  }

  /** A comment, or character data that is taken as it stands. */
  #readDeclaration(into: OpenElement | undefined): void {
    const start = this.#at;
    if (this.#text.startsWith("<!--", start)) {
      this.#skipTo("-->", "comment");
    } else if (this.#text.startsWith("<![CDATA[", start) && into !== undefined) {
      this.#skipTo("]]>", "CDATA section");
      into.children.push(this.#text.slice(start + "<![CDATA[".length, this.#at - "]]>".length));
    } else {
      throw new Mistake("XML_MALFORMED", "A declaration is not accepted here.", start);
    }
  }

  #readEndTag(top: OpenElement): void {
    const start = this.#at;
    const isExpected = this.#text.startsWith(top.name, start + 2);
    this.#at = start + 2 + top.name.length;
    if (isExpected) this.#skipBlanks();
    if (!isExpected || this.#text.charCodeAt(this.#at) !== greaterThan) {
      const opened = placeOf(this.#text, top.offset);
      const where = `line ${opened.line}, column ${opened.column}`;
      throw new Mistake("XML_MALFORMED", `</${top.name}> is expected here, to close <${top.name}> of ${where}.`, start);
    }
    this.#at += 1;
  }

  /** Ends behind the `>`. */
  #readStartTag(): OpenElement {
    const offset = this.#at;
    this.#at += 1;
    const name = this.#readName();
    if (name === "") throw new Mistake("XML_MALFORMED", 'An element\'s name is expected after "<".', offset);
    const attributes = this.#readAttributes(name);
    if (this.#text.charCodeAt(this.#at) === slash) this.#at += 1;
    if (this.#text.charCodeAt(this.#at) !== greaterThan) throw this.#notAnAttribute(name, this.#at);
    this.#at += 1;
    return { name, attributes, children: [], offset, hasElements: false };
  }

  /** The name at `#at`, empty where there is none. Characters above ASCII are taken as they come. */
  #readName(): string {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    for (let code = text.charCodeAt(at); code >= 128 || (nameRanks[code] ?? 0) > (at === start ? 1 : 0); ) {
      at += 1;
      code = text.charCodeAt(at);
    }
    this.#at = at;
    return text.slice(start, at);
  }

  #readAttributes(element: string): ReadonlyMap<string, string> {
    let attributes: Map<string, string> | undefined;
    for (;;) {
      const before = this.#at;
      this.#skipBlanks();
      const start = this.#at;
      const code = this.#text.charCodeAt(start);
      if (code === greaterThan || code === slash) return attributes ?? noAttributes;
      const name = this.#readName();
      if (name === "") throw this.#notAnAttribute(element, start);
      if (start === before) throw new Mistake("XML_MALFORMED", `A blank is missing before ${name}.`, start);
      this.#skipBlanks();
      if (this.#text.charCodeAt(this.#at) !== equals) throw this.#notAnAttribute(element, start);
      this.#at += 1;
      this.#skipBlanks();
      const value = this.#readValue(element, start);
      attributes ??= new Map();
      if (attributes.has(name)) throw new Mistake("XML_MALFORMED", `<${element}> states ${name} twice.`, start);
      attributes.set(name, value);
    }
  }

  /** A quoted value. One look at each character finds its end and whether it has to be decoded. */
  #readValue(element: string, nameOffset: number): string {
    const text = this.#text;
    const quote = text.charCodeAt(this.#at);
    if (quote !== 0x22 && quote !== 0x27) throw this.#notAnAttribute(element, nameOffset);
    const start = this.#at + 1;
    let at = start;
    let isPlain = true;
    for (let code = text.charCodeAt(at); code !== quote; code = text.charCodeAt(at)) {
      if (code === lessThan) throw new Mistake("XML_MALFORMED", '"<" must be written "&lt;" in a value.', at);
      if (Number.isNaN(code)) throw new Mistake("XML_MALFORMED", "This value is never closed.", start - 1);
      if (code === ampersand || code < space) isPlain = false;
      at += 1;
    }
    this.#at = at + 1;
    const raw = text.slice(start, at);
    return isPlain ? raw : decodeAttribute(raw, start);
  }

  #notAnAttribute(element: string, offset: number): Mistake {
    return new Mistake("XML_MALFORMED", `An attribute name="value" or ">" is expected here, in <${element}>.`, offset);
  }
}

function closed(element: OpenElement): XmlElement {
  const { name, attributes, offset } = element;
  return { name, attributes, children: element.children.length === 0 ? noChildren : element.children, offset };
}

function decodeText(raw: string, offset: number): string {
  const marker = raw.indexOf("]]>");
  if (marker >= 0) throw new Mistake("XML_MALFORMED", '"]]>" must be written "]]&gt;" in text.', offset + marker);
  const lines = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  return lines.includes("&") ? decodeEntities(lines, offset) : lines;
}

/** Blanks of any kind become spaces, as XML says; a line feed that is meant is written `&#10;`. */
function decodeAttribute(raw: string, offset: number): string {
  const spaced = raw.replace(/\r\n|[\t\r\n]/g, " ");
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
