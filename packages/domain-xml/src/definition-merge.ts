/**
 * The definition to hand to libvirt: the observed one with what policy says put into it.
 *
 * A definition made anew from policy would lose what libvirt once filled in: the UUID, the MACs, the addresses at which
 * the guest knows its devices. So the observed definition is the base and only differences are changed. Where the kind
 * of a device changes (a disk moves from SATA to virtio), its old address would not fit, so that device is taken from
 * policy, with its MAC. Where the machine itself changes, no address fits, and only UUID and MACs are kept.
 */
import { type DefinitionKind, isOwnedList } from "./definition-difference.ts";
import { pairChildren } from "./element-identity.ts";
import { isRuntimeAttribute, isRuntimeDevicePart, isRuntimeElement, saysNothing } from "./runtime-parts.ts";
import { sameAttribute, sameText } from "./value-equivalence.ts";
import {
  attributeOf,
  childNamed,
  descend,
  newElement,
  textOf,
  withAttribute,
  withChild,
  withoutChildren,
  withText,
  type XmlElement,
  type XmlNode,
} from "./xml-tree.ts";

/**
 * `observed` with all that `wanted` says. Comparing the result with `wanted` finds no difference.
 * @param complete whether `wanted` is all that policy wants; then devices that it does not list are left out
 */
export function mergeDefinition(
  kind: DefinitionKind,
  wanted: XmlElement,
  observed: XmlElement,
  complete: boolean,
): XmlElement {
  if (kind === "network") return mergeElement(kind, wanted, observed, complete);
  if (complete && isOtherMachine(wanted, observed)) return withObservedIdentity(wanted, observed);
  const merged = mergeElement(kind, wanted, observed, complete);
  return withMemory(withVcpu(merged, wanted, observed), wanted, observed);
}

/** Whether the guest would get another machine, in which no device keeps its place. */
function isOtherMachine(wanted: XmlElement, observed: XmlElement): boolean {
  const left = descend(wanted, "os", "type");
  const right = descend(observed, "os", "type");
  if (!same("type", wanted, observed) || left === undefined || right === undefined) return true;
  return !sameText(left, right) || !same("arch", left, right) || !same("machine", left, right);
}

/** Whether the observed element has the attribute with that meaning, or policy does not state it. */
function same(name: string, wanted: XmlElement, observed: XmlElement): boolean {
  const stated = attributeOf(wanted, name);
  return stated === undefined || sameAttribute(name, wanted, observed);
}

/** Policy's definition as it stands, with the observed UUID and MACs. */
function withObservedIdentity(wanted: XmlElement, observed: XmlElement): XmlElement {
  const uuid = childNamed(observed, "uuid");
  const devices = childNamed(wanted, "devices");
  const named = uuid === undefined ? wanted : withChild(wanted, uuid);
  if (devices === undefined) return named;
  const { pairs } = pairChildren("domain/devices", devices, childNamed(observed, "devices"));
  const children = pairs.map((pair) =>
    pair.observed === undefined ? pair.wanted : withMac(pair.wanted, pair.observed),
  );
  return withChild(named, { ...devices, children });
}

function withMac(wanted: XmlElement, observed: XmlElement): XmlElement {
  const mac = childNamed(observed, "mac");
  if (wanted.name !== "interface" || mac === undefined || childNamed(wanted, "mac") !== undefined) return wanted;
  return withChild(wanted, mac);
}

function mergeElement(path: string, wanted: XmlElement, observed: XmlElement, complete: boolean): XmlElement {
  let merged = observed;
  for (const [name, value] of wanted.attributes) {
    const isSame = isRuntimeAttribute(path, name, wanted, "inactive") || same(name, wanted, observed);
    // A prefix that the elements inside may use has to be declared.
    if (isSame && !name.startsWith("xmlns:")) continue;
    // These two are one fact, and libvirt accepts one of them.
    if (name === "netmask") merged = withAttribute(merged, "prefix", undefined);
    if (name === "prefix") merged = withAttribute(merged, "netmask", undefined);
    merged = withAttribute(merged, name, value);
  }
  if (textOf(wanted) !== "" && !sameText(wanted, observed)) {
    merged = withAttribute(withText(merged, textOf(wanted)), "unit", attributeOf(wanted, "unit"));
  }
  return mergeChildren(path, wanted, merged, complete);
}

function mergeChildren(path: string, wanted: XmlElement, observed: XmlElement, complete: boolean): XmlElement {
  const { pairs, extra } = pairChildren(path, wanted, observed);
  const replaced = new Map<XmlNode, XmlElement>();
  const added: XmlElement[] = [];
  for (const pair of pairs) {
    const childPath = `${path}/${pair.wanted.name}`;
    if (isRuntimeElement(childPath, pair.wanted, "inactive")) continue;
    if (isRuntimeDevicePart(childPath, pair.wanted, wanted)) continue;
    if (pair.observed !== undefined) {
      replaced.set(pair.observed, mergePair(path, childPath, pair.wanted, pair.observed, complete));
    } else if (!saysNothing(pair.wanted)) added.push(pair.wanted);
  }
  const dropped = new Set<XmlNode>(extra.filter((element) => isOwnedList(path, element, wanted, complete)));
  if (replaced.size === 0 && added.length === 0 && dropped.size === 0) return observed;
  const kept = observed.children.filter((node) => !dropped.has(node)).map((node) => replaced.get(node) ?? node);
  return { ...observed, children: [...kept, ...added] };
}

function mergePair(
  parentPath: string,
  path: string,
  wanted: XmlElement,
  observed: XmlElement,
  complete: boolean,
): XmlElement {
  const isDevice = parentPath === "domain/devices";
  if (!isDevice || sameShape(wanted, observed)) return mergeElement(path, wanted, observed, complete);
  const model = childNamed(observed, "model");
  const device = withMac(wanted, observed);
  const keepsModel = wanted.name === "interface" && model !== undefined && childNamed(wanted, "model") === undefined;
  return keepsModel ? withChild(device, model) : device;
}

/** Whether the device stays of its kind, so that it fits where it is. */
function sameShape(wanted: XmlElement, observed: XmlElement): boolean {
  if (!["type", "device", "model", "bus"].every((name) => same(name, wanted, observed))) return false;
  return (
    sameShapeOf("target", ["bus", "type"], wanted, observed) &&
    sameShapeOf("model", ["type", "name"], wanted, observed) &&
    sameShapeOf("source", ["protocol"], wanted, observed)
  );
}

function sameShapeOf(child: string, names: readonly string[], wanted: XmlElement, observed: XmlElement): boolean {
  const left = childNamed(wanted, child);
  const right = childNamed(observed, child);
  if (left === undefined || right === undefined) return true;
  return names.every((name) => same(name, left, right));
}

/** `<vcpu>4</vcpu>` wants all four from the start, so an observed `current` goes. */
function withVcpu(merged: XmlElement, wanted: XmlElement, observed: XmlElement): XmlElement {
  const stated = childNamed(wanted, "vcpu");
  if (stated === undefined) return merged;
  const base = childNamed(observed, "vcpu") ?? newElement("vcpu");
  let vcpu = withText(base, textOf(stated));
  for (const [name, value] of stated.attributes) {
    if (!same(name, stated, base)) vcpu = withAttribute(vcpu, name, value);
  }
  return withChild(merged, withAttribute(vcpu, "current", attributeOf(stated, "current")));
}

/** Memory that changes takes the balloon with it, unless policy states the balloon's size. */
function withMemory(merged: XmlElement, wanted: XmlElement, observed: XmlElement): XmlElement {
  const memory = childNamed(wanted, "memory");
  const before = childNamed(observed, "memory");
  if (memory === undefined || childNamed(wanted, "currentMemory") !== undefined) return merged;
  if (before !== undefined && sameText(memory, before)) return merged;
  return withoutChildren(merged, "currentMemory");
}
