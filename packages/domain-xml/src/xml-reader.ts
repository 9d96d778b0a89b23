/**
 * Reads XML texts by the thousand with a parser that takes milliseconds for each.
 *
 * The definitions of a host are much alike: guests made from one template differ in their names, addresses and paths, and
 * not in their markup. So a text is taken apart into its *shape*, in which each plain attribute value and each plain run
 * of text is replaced by a numbered placeholder, and the values. Each shape is parsed once, by fast-xml-parser; the tree
 * that comes back is filled with the values of each text that has the shape. It is only used where every placeholder
 * came back exactly once, as a whole attribute or a whole text: a shape of which that is not so (values inside a comment
 * or a CDATA section) says that the text was taken apart wrongly, and the text itself is parsed.
 *
 * A text that is not well-formed is always parsed itself, so that its mistake is shown at its own place.
 */
import { forbiddenCharacterAt } from "./xml-entities.ts";
import { parseDocument } from "./xml-parser.ts";
import { placeOf, XmlMistake, type XmlProblem } from "./xml-problem.ts";
import { type XmlElement, type XmlNode, xmlLengthMax } from "./xml-tree.ts";

/** A document's root, or the first mistake in its text. */
export type XmlParse =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly problem: XmlProblem };

/** Reads one document with one root element; offsets in the tree are -1. Never throws. */
export function parseXml(text: string): XmlParse {
  if (text.length <= xmlLengthMax) {
    const root = readByShape(text);
    if (root !== undefined) return { ok: true, root };
  }
  return parseXmlWithPlaces(text);
}

/** The same, without the memory of shapes: slower, and each element knows where it stands. Never throws. */
export function parseXmlWithPlaces(text: string): XmlParse {
  try {
    if (text.length > xmlLengthMax) {
      const message = `The XML has ${text.length} characters; ${xmlLengthMax} are accepted.`;
      throw new XmlMistake("XML_TOO_LARGE", message, 0);
    }
    return { ok: true, root: parseDocument(text) };
  } catch (mistake) {
    if (!(mistake instanceof XmlMistake)) throw mistake;
    const { code, message, offset } = mistake;
    return { ok: false, problem: { code, message, offset, ...placeOf(text, offset) } };
  }
}

/** An attribute value or text in a shape: itself, or the number of the value that stands there. */
type Slot = string | number;

/** An element of a shape, ready to be filled. */
interface ShapeElement {
  readonly name: string;
  readonly attributeNames: readonly string[];
  readonly attributeSlots: readonly Slot[];
  readonly children: readonly (ShapeElement | Slot)[];
}

/** `undefined`: a text of this shape has to be parsed itself. */
type Shape = ShapeElement | undefined;

// Placeholders are single characters from the private-use area, which no libvirt text has.
const placeholderFirst = 0xe000;
const placeholdersMax = 0xf8ff - placeholderFirst + 1;
const privateUse = /[\ue000-\uf8ff]/;
const plainValue = /='([^'<&\t\r\n]*)'|="([^"<&\t\r\n]*)"|>([^<>&\r]*[^<>&\s][^<>&\r]*)(?=<)/g;

/** Shapes by their text. A host has a few dozen; when there are many more, the memory starts afresh. */
const shapes = new Map<string, Shape>();
const shapesMax = 1024;
const shapeLengthMax = 64 * 1024;

function readByShape(text: string): XmlElement | undefined {
  if (text.length > shapeLengthMax || privateUse.test(text) || forbiddenCharacterAt(text) >= 0) return undefined;
  const values: string[] = [];
  const shapeText = text.replace(plainValue, (_whole, single?: string, double?: string, run?: string) => {
    const placeholder = String.fromCharCode(placeholderFirst + values.length);
    values.push(single ?? double ?? run ?? "");
    return run === undefined ? `='${placeholder}'` : `>${placeholder}`;
  });
  if (values.length > placeholdersMax) return undefined;
  const known = shapes.get(shapeText);
  if (known !== undefined) return filled(known, values);
  if (shapes.has(shapeText)) return undefined;
  const shape = parseShape(shapeText, values.length);
  if (shapes.size >= shapesMax) shapes.clear();
  shapes.set(shapeText, shape);
  return shape === undefined ? undefined : filled(shape, values);
}

function parseShape(shapeText: string, count: number): Shape {
  const back = new Array<number>(count).fill(0);
  try {
    const root = parseDocument(shapeText, (aside) => {
      for (const character of aside) countBack(back, character);
    });
    const shape = shapeOf(root, back);
    return back.every((times) => times === 1) ? shape : undefined;
  } catch (mistake) {
    if (!(mistake instanceof XmlMistake)) throw mistake;
    return undefined;
  }
}

function countBack(back: number[], character: string): void {
  const index = character.charCodeAt(0) - placeholderFirst;
  if (index >= 0 && index < back.length) back[index] = (back[index] ?? 0) + 1;
}

function shapeOf(element: XmlElement, back: number[]): ShapeElement {
  return {
    name: element.name,
    attributeNames: [...element.attributes.keys()],
    attributeSlots: [...element.attributes.values()].map((value) => slotOf(value, back)),
    children: element.children.map((node) => (typeof node === "string" ? slotOf(node, back) : shapeOf(node, back))),
  };
}

function slotOf(value: string, back: number[]): Slot {
  const index = value.charCodeAt(0) - placeholderFirst;
  if (value.length !== 1 || index < 0 || index >= back.length) return value;
  countBack(back, value);
  return index;
}

const noAttributes: ReadonlyMap<string, string> = new Map();
const noChildren: readonly XmlNode[] = [];

/** The shape's tree with the values of one text. */
function filled(shape: ShapeElement, values: readonly string[]): XmlElement {
  const { name, attributeNames, attributeSlots, children } = shape;
  let attributes = noAttributes;
  if (attributeNames.length > 0) {
    const stated = new Map<string, string>();
    for (const [index, attribute] of attributeNames.entries())
      stated.set(attribute, slotValue(attributeSlots[index], values));
    attributes = stated;
  }
  if (children.length === 0) return { name, attributes, children: noChildren, offset: -1 };
  const nodes = children.map((child) => (typeof child === "object" ? filled(child, values) : slotValue(child, values)));
  return { name, attributes, children: nodes, offset: -1 };
}

function slotValue(slot: Slot | undefined, values: readonly string[]): string {
  return typeof slot === "number" ? (values[slot] ?? "") : (slot ?? "");
}
