/**
 * fast-xml-parser behind the guards it needs, its result as elements.
 *
 * The library accepts two roots, text behind the root and broken markup, so its validator goes first and what is behind the
 * root is looked at here. It is told to keep order, to parse no values and to leave entities alone.
 * This is the slow way, milliseconds for a definition: `xml-reader.ts` comes here once for each shape of text.
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { decodeAttribute, decodeText, forbiddenCharacterAt } from "./xml-entities.ts";
import { offsetOf, XmlMistake } from "./xml-problem.ts";
import { type XmlElement, type XmlNode, xmlDepthMax } from "./xml-tree.ts";

/** A node as the library hands it over: one key is the element's name, or tells what else it is. */
type RawNode = Readonly<Record<string, unknown>>;

/** Told of all text that is no part of the tree: comments and processing instructions. */
export type AsideVisitor = (text: string) => void;

const attributesKey = ":@";
const textKey = "#text";
const cdataKey = "#cdata";
const commentKey = "#comment";
// The declaration says Symbol, the object; it is the primitive.
const metadata = XMLParser.getMetaDataSymbol() as symbol;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  textNodeName: textKey,
  cdataPropName: cdataKey,
  commentPropName: commentKey,
  captureMetaData: true,
  // It counts the elements around one.
  maxNestedTags: xmlDepthMax - 1,
  onDangerousProperty: (name: string): string => {
    throw new XmlMistake("XML_MALFORMED", `The name ${name} is not accepted.`, 0);
  },
});

/**
 * Reads one document with one root element.
 * @throws XmlMistake at the first mistake
 */
export function parseDocument(text: string, onAside: AsideVisitor = () => {}): XmlElement {
  guard(text);
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw asMistake(text, verdict.err);
  const nodes = parseNodes(text);
  const roots = nodes.filter((node) => kindOf(node) === "element");
  const [root, second] = roots;
  if (root === undefined) throw new XmlMistake("XML_EMPTY", "There is no XML here.", 0);
  if (second !== undefined) {
    const message = `A second element follows <${nameOf(root)}>; one document has one.`;
    throw new XmlMistake("XML_SECOND_ROOT", message, startOf(second));
  }
  for (const node of nodes) if (node !== root) visitAside(node, onAside);
  checkBehind(text, root);
  return new TreeWalk(text, onAside).element(root);
}

function guard(text: string): void {
  const forbidden = forbiddenCharacterAt(text);
  if (forbidden >= 0) {
    const code = text.charCodeAt(forbidden).toString(16).toUpperCase().padStart(4, "0");
    throw new XmlMistake("XML_MALFORMED", `The character U+${code} is not allowed in XML.`, forbidden);
  }
  const declaration = text.search(/<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i);
  if (declaration >= 0) {
    const message = "A document type is not accepted: libvirt's XML needs none.";
    throw new XmlMistake("XML_DOCUMENT_TYPE", message, declaration);
  }
  if (/^[\s\ufeff]*$/.test(text)) throw new XmlMistake("XML_EMPTY", "There is no XML here.", 0);
}

function parseNodes(text: string): readonly RawNode[] {
  try {
    return parser.parse(text);
  } catch (cause) {
    if (cause instanceof XmlMistake) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (message.includes("nested tags")) {
      throw new XmlMistake("XML_TOO_DEEP", `Elements nest more than ${xmlDepthMax} deep.`, 0);
    }
    const at = message.startsWith("Comment") ? text.lastIndexOf("<!--") : 0;
    throw new XmlMistake("XML_MALFORMED", message, Math.max(at, 0));
  }
}

/** The validator's finding, with the place of an element that is never closed, which it does not tell. */
function asMistake(text: string, error: { msg: string; line: number; col?: number }): XmlMistake {
  const open = error.msg.includes("found") ? lastOpen(parseNodes(text)) : undefined;
  if (open !== undefined) return new XmlMistake("XML_MALFORMED", `<${nameOf(open)}> is never closed.`, startOf(open));
  if (error.msg === "Start tag expected.") return new XmlMistake("XML_EMPTY", "There is no XML here.", 0);
  const offset = offsetOf(text, error.line, error.col ?? 1);
  if (!error.msg.includes("'&'")) return new XmlMistake("XML_MALFORMED", error.msg, offset);
  return new XmlMistake("XML_BAD_ENTITY", '"&" must be written "&amp;".', text.indexOf("&", offset - 2));
}

/** The innermost element without an end. */
function lastOpen(nodes: readonly RawNode[]): RawNode | undefined {
  const open = nodes.findLast((node) => kindOf(node) === "element" && placeIn(node).endIndex === undefined);
  return open === undefined ? undefined : (lastOpen(childrenOf(open)) ?? open);
}

/** Behind the root only blanks, comments and processing instructions may stand; the library drops all else. */
function checkBehind(text: string, root: RawNode): void {
  const end = placeIn(root).endIndex ?? text.length;
  const rest = text.slice(end).replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, (aside) => " ".repeat(aside.length));
  const at = rest.search(/\S/);
  if (at >= 0) throw new XmlMistake("XML_MALFORMED", `Text stands after </${nameOf(root)}>.`, end + at);
}

/** What stands before an attribute's value, and before a text; the same, or its mirror image, stands behind. */
const valueMarks = ["'", '"'];
const textMarks = [">"];

/** Turns the library's nodes into elements. It knows the text, to show where a mistake is. */
class TreeWalk {
  readonly #text: string;
  readonly #onAside: AsideVisitor;

  constructor(text: string, onAside: AsideVisitor) {
    this.#text = text;
    this.#onAside = onAside;
  }

  element(node: RawNode): XmlElement {
    const offset = startOf(node);
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(node[attributesKey] ?? {})) {
      attributes.set(name, this.#decoded(String(value), offset, decodeAttribute, valueMarks));
    }
    const children = childrenOf(node).flatMap((child) => this.#child(child, offset));
    return { name: nameOf(node), attributes, children: withoutLayout(children), offset };
  }

  #child(node: RawNode, parentOffset: number): XmlNode[] {
    switch (kindOf(node)) {
      case "element":
        return [this.element(node)];
      case "text":
        return [this.#decoded(String(node[textKey]), parentOffset, decodeText, textMarks)];
      case "cdata":
        return childrenOf(node).map((text) => String(text[textKey]));
      case "aside":
        visitAside(node, this.#onAside);
        return [];
    }
  }

  /** The library does not tell where a value stands: it is looked up behind the start of its element. */
  #decoded(raw: string, from: number, decode: (raw: string) => string, marks: readonly string[]): string {
    try {
      return decode(raw);
    } catch (mistake) {
      if (!(mistake instanceof XmlMistake)) throw mistake;
      const starts = marks.map((mark) => this.#text.indexOf(mark + raw + mark.replace(">", "<"), from) + 1);
      const start = starts.find((at) => at > 0) ?? from;
      throw new XmlMistake(mistake.code, mistake.message, start + mistake.offset);
    }
  }
}

/** Blanks beside elements are layout, and so is a line break alone; other blanks in a leaf may be its value. */
function withoutLayout(children: readonly XmlNode[]): readonly XmlNode[] {
  const hasElements = children.some((node) => typeof node !== "string");
  return children.filter((node) => {
    if (typeof node !== "string" || node.trim() !== "") return true;
    return !hasElements && !node.includes("\n");
  });
}

function visitAside(node: RawNode, onAside: AsideVisitor): void {
  for (const value of Object.values(node[attributesKey] ?? {})) onAside(String(value));
  for (const text of kindOf(node) === "text" ? [node] : childrenOf(node)) onAside(String(text[textKey] ?? ""));
}

function nameOf(node: RawNode): string {
  return Object.keys(node).find((key) => key !== attributesKey) ?? "";
}

function kindOf(node: RawNode): "element" | "text" | "cdata" | "aside" {
  const name = nameOf(node);
  if (name === textKey) return "text";
  if (name === cdataKey) return "cdata";
  return name === commentKey || name.startsWith("?") ? "aside" : "element";
}

function childrenOf(node: RawNode): readonly RawNode[] {
  const children = node[nameOf(node)];
  return Array.isArray(children) ? children : [];
}

function placeIn(node: RawNode): { readonly startIndex?: number; readonly endIndex?: number } {
  return (node as { readonly [key: symbol]: object | undefined })[metadata] ?? {};
}

function startOf(node: RawNode): number {
  return placeIn(node).startIndex ?? 0;
}
