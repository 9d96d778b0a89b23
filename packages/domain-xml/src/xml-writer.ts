/**
 * Writes elements as XML text, indented, so that a person can read the definition in a plan. Characters that a reader
 * would change or misread are written as entities: a line feed in an attribute comes back as a line feed.
 */
import type { XmlElement } from "./xml-tree.ts";

/** The document without an XML declaration, as libvirt writes it. Ends with a line feed. */
export function writeXml(root: XmlElement): string {
  const lines: string[] = [];
  writeElement(root, "", lines);
  return `${lines.join("\n")}\n`;
}

function writeElement(element: XmlElement, indent: string, lines: string[]): void {
  const tag = startTag(element);
  if (element.children.length === 0) {
    lines.push(`${indent}<${tag}/>`);
  } else if (element.children.some((node) => typeof node === "string")) {
    lines.push(`${indent}${writeInline(element)}`);
  } else {
    lines.push(`${indent}<${tag}>`);
    for (const node of element.children) {
      if (typeof node !== "string") writeElement(node, `${indent}  `, lines);
    }
    lines.push(`${indent}</${element.name}>`);
  }
}

/** Without layout: beside text, a blank would be part of the text. */
function writeInline(element: XmlElement): string {
  const inside = element.children.map((node) => (typeof node === "string" ? encodeText(node) : writeInline(node)));
  const tag = startTag(element);
  return inside.length === 0 ? `<${tag}/>` : `<${tag}>${inside.join("")}</${element.name}>`;
}

function startTag(element: XmlElement): string {
  let tag = element.name;
  for (const [name, value] of element.attributes) tag += ` ${name}='${encodeAttribute(value)}'`;
  return tag;
}

function encodeText(text: string): string {
  return /[&<>\r]/.test(text) ? text.replace(/[&<>\r]/g, encodeCharacter) : text;
}

function encodeAttribute(value: string): string {
  return /[&<>'"\t\r\n]/.test(value) ? value.replace(/[&<>'"\t\r\n]/g, encodeCharacter) : value;
}

function encodeCharacter(character: string): string {
  switch (character) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case "'":
      return "&apos;";
    case '"':
      return "&quot;";
    default:
      return `&#${character.charCodeAt(0)};`;
  }
}
