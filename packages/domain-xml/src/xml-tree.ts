/**
 * An XML document as immutable elements. libvirt's XML is data: elements with attributes, and text only in leaves. So a
 * child is an element or a string, comments and processing instructions are gone, and entities are decoded: the
 * reader decodes them, the writer encodes them again.
 */

/** libvirt's own limit for domain XML is 4 MiB; real ones are a few KiB, so a quarter of that is a mistake. */
export const xmlLengthMax = 1 << 20;
/** libvirt's elements nest 8 deep at most; metadata may nest more. */
export const xmlDepthMax = 64;

/** One element. Edits make new elements; what did not change is shared. */
export interface XmlElement {
  readonly name: string;
  /** In document order. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Elements, and text as strings. */
  readonly children: readonly XmlNode[];
  /** Where the element's `<` stands in its text, in UTF-16 code units; -1 where that is not known. */
  readonly offset: number;
}

/** What stands inside an element. */
export type XmlNode = XmlElement | string;

const noAttributes: ReadonlyMap<string, string> = new Map();

/** A new element; attributes and children that are `undefined` are left out. */
export function newElement(
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: readonly (XmlNode | undefined)[] = [],
): XmlElement {
  const stated = Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    name,
    attributes: stated.length === 0 ? noAttributes : new Map(stated),
    children: children.filter((node) => node !== undefined),
    offset: -1,
  };
}

/** The child elements, without text. */
export function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter((node) => typeof node !== "string");
}

/** The first child element of that name. */
export function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  for (const node of element.children) {
    if (typeof node !== "string" && node.name === name) return node;
  }
  return undefined;
}

/** All child elements of that name, in order. */
export function childrenNamed(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((node): node is XmlElement => typeof node !== "string" && node.name === name);
}

/** The element at the end of a path of first children, such as `descend(domain, "os", "type")`. */
export function descend(element: XmlElement, ...names: readonly string[]): XmlElement | undefined {
  let at: XmlElement | undefined = element;
  for (const name of names) {
    if (at === undefined) return undefined;
    at = childNamed(at, name);
  }
  return at;
}

/** The text directly inside the element, without blanks at either end. */
export function textOf(element: XmlElement): string {
  const [only] = element.children;
  if (only === undefined) return "";
  if (element.children.length === 1 && typeof only === "string") return only.trim();
  return element.children
    .filter((node) => typeof node === "string")
    .join("")
    .trim();
}

/** The attribute's value, or `undefined` where it is not stated. */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.get(name);
}

/** With the attribute set, or removed where `value` is `undefined`. */
export function withAttribute(element: XmlElement, name: string, value: string | undefined): XmlElement {
  const attributes = new Map(element.attributes);
  if (value === undefined) attributes.delete(name);
  else attributes.set(name, value);
  return { ...element, attributes };
}

/** With `child` in place of the first child of its name, or after all others where there is none. */
export function withChild(element: XmlElement, child: XmlElement): XmlElement {
  const at = element.children.findIndex((node) => typeof node !== "string" && node.name === child.name);
  if (at < 0) return { ...element, children: [...element.children, child] };
  return { ...element, children: element.children.with(at, child) };
}

/** Without the children of that name. */
export function withoutChildren(element: XmlElement, name: string): XmlElement {
  return { ...element, children: element.children.filter((node) => typeof node === "string" || node.name !== name) };
}

/** With `text` in place of all text and elements inside. */
export function withText(element: XmlElement, text: string): XmlElement {
  return { ...element, children: text === "" ? [] : [text] };
}
