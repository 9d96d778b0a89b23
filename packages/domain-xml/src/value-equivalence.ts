/**
 * When two spellings of a value mean the same to libvirt. It rewrites what it reads: sizes to KiB, hexadecimal
 * numbers to its own width, MACs to lower case, `pc` to `pc-i440fx-7.2`, processor lists to ranges. A difference in
 * spelling is no difference, else every pass would define the guest again.
 */
import { normalAddress, prefixOfNetmask } from "./ip-address.ts";
import { bytesPerUnit, sizeKib } from "./memory-size.ts";
import { normalUuid } from "./uuid.ts";
import { attributeOf, textOf, type XmlElement } from "./xml-tree.ts";

const sizeElements = new Set([
  "memory",
  "currentMemory",
  "maxMemory",
  "hard_limit",
  "soft_limit",
  "swap_hard_limit",
  "min_guarantee",
]);

/** Whether the element's text is a size, in KiB where it states no unit. */
export function isSizeElement(name: string): boolean {
  return sizeElements.has(name);
}

/** Attributes whose unit stands in the attribute `unit` beside them. */
const sizeAttributes = new Set(["memory", "size"]);
const processorLists = new Set(["cpuset", "nodeset", "cpus", "memnode"]);
const videoMemory = new Set(["vram", "ram", "vgamem", "vram64"]);

/** Whether the two elements' own texts mean the same. */
export function sameText(wanted: XmlElement, observed: XmlElement): boolean {
  const left = textOf(wanted);
  const right = textOf(observed);
  if (left === right) return true;
  if (sizeElements.has(wanted.name) || attributeOf(wanted, "unit") !== undefined) {
    const size = sizeKib(wanted);
    if (size !== undefined && size === sizeKib(observed)) return true;
  }
  if (wanted.name === "uuid") return normalUuid(left) === normalUuid(right);
  // libvirt takes the old word "linux" for a paravirtual Xen guest and calls it either name.
  return wanted.name === "type" && xenWords.has(left) && xenWords.has(right);
}

const xenWords = new Set(["linux", "xen"]);

/** Whether an attribute that `wanted` states means the same in `observed`. */
export function sameAttribute(name: string, wanted: XmlElement, observed: XmlElement): boolean {
  const left = attributeOf(wanted, name) ?? "";
  const right = attributeOf(observed, name);
  if (left === right) return true;
  if (name === "netmask" || name === "prefix") return samePrefix(wanted, observed);
  if (right === undefined) return false;
  if (name === "machine") return sameMachine(left, right);
  if (processorLists.has(name)) return sameProcessors(left, right);
  if (sizeAttributes.has(name) && sameSizeAttribute(name, wanted, observed)) return true;
  return sameWord(name, left, right);
}

function sameWord(name: string, left: string, right: string): boolean {
  if (number.test(left) && number.test(right)) {
    if (Number(left) === Number(right)) return true;
    return videoMemory.has(name) && roundedUp(Number(left)) === roundedUp(Number(right));
  }
  if (mac.test(left)) return left.toLowerCase() === right.toLowerCase();
  const address = normalAddress(left);
  if (address !== undefined) return address === normalAddress(right);
  const uuid = normalUuid(left);
  if (uuid !== undefined) return uuid === normalUuid(right);
  return interfaceTemplate.test(left) && right.startsWith(left.slice(0, -"%d".length));
}

const number = /^(?:0x[0-9A-Fa-f]{1,12}|[0-9]{1,15})$/;
const mac = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/;
/** `virbr%d`: libvirt chooses the number. */
const interfaceTemplate = /^[A-Za-z0-9_-]+%d$/;

/** QEMU takes only powers of two here, and libvirt rounds up. */
function roundedUp(kib: number): number {
  return kib <= 1 ? kib : 2 ** Math.ceil(Math.log2(kib));
}

/** `pc` stands for the newest `pc-i440fx-*` of the host, `q35` for `pc-q35-*`, `virt` for `virt-*`. */
function sameMachine(wanted: string, observed: string): boolean {
  if (wanted === observed) return true;
  const family = machineFamilies[wanted] ?? `${wanted}-`;
  return observed.startsWith(family) && !/-[0-9]+\.[0-9]+$/.test(wanted);
}

const machineFamilies: Readonly<Record<string, string>> = { pc: "pc-i440fx-", q35: "pc-q35-" };

function sameSizeAttribute(name: string, wanted: XmlElement, observed: XmlElement): boolean {
  const left = sizeOfAttribute(name, wanted);
  return left !== undefined && left === sizeOfAttribute(name, observed);
}

function sizeOfAttribute(name: string, element: XmlElement): bigint | undefined {
  const text = attributeOf(element, name) ?? "";
  const unit = bytesPerUnit(attributeOf(element, "unit") ?? "KiB");
  return unit === undefined || !/^[0-9]{1,19}$/.test(text) ? undefined : BigInt(text) * unit;
}

/** Whether two elements state a network of the same size, one by netmask and the other by prefix. */
function samePrefix(wanted: XmlElement, observed: XmlElement): boolean {
  const left = prefixOf(wanted);
  return left !== undefined && left === prefixOf(observed);
}

function prefixOf(element: XmlElement): number | undefined {
  const prefix = attributeOf(element, "prefix");
  return prefix === undefined ? prefixOfNetmask(attributeOf(element, "netmask") ?? "") : Number(prefix);
}

/** `0-3,^1` and `0,2,3` are the same processors. */
function sameProcessors(left: string, right: string): boolean {
  const members = processorsOf(left);
  const others = processorsOf(right);
  if (members === undefined || others === undefined || members.size !== others.size) return false;
  return [...members].every((processor) => others.has(processor));
}

function processorsOf(text: string): Set<number> | undefined {
  const members = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^\s*(\^)?([0-9]{1,5})(?:-([0-9]{1,5}))?\s*$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[2]);
    const last = match[3] === undefined ? first : Number(match[3]);
    for (let processor = first; processor <= last; processor += 1) {
      if (match[1] === undefined) members.add(processor);
      else members.delete(processor);
    }
  }
  return members;
}
