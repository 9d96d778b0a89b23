/**
 * Which wanted element is which observed one. libvirt puts devices in its own order, so a disk is known by where the
 * guest sees it (`vda`), an interface by its MAC where policy states one, a serial port by its number. What has no
 * name of its own is matched by position among what is left of its kind.
 */
import { normalAddress } from "./ip-address.ts";
import { attributeOf, childNamed, descend, elementsOf, textOf, type XmlElement } from "./xml-tree.ts";

/** A wanted element and its observed counterpart, `undefined` where there is none. */
export interface ElementPair {
  readonly wanted: XmlElement;
  readonly observed: XmlElement | undefined;
}

/** The children of two matched elements, paired. */
export interface Pairing {
  readonly pairs: readonly ElementPair[];
  /** Observed elements that no wanted one is about. */
  readonly extra: readonly XmlElement[];
}

/** Pairs the child elements of two matched elements; `path` is that of the parents, such as `domain/devices`. */
export function pairChildren(path: string, wanted: XmlElement, observed: XmlElement | undefined): Pairing {
  const left = new Set(observed === undefined ? [] : elementsOf(observed));
  const children = elementsOf(wanted);
  const byIdentity = new Map<XmlElement, XmlElement>();
  for (const child of children) {
    const identity = identityOf(path, child);
    if (identity === undefined) continue;
    for (const candidate of left) {
      if (candidate.name !== child.name || identityOf(path, candidate) !== identity) continue;
      byIdentity.set(child, candidate);
      left.delete(candidate);
      break;
    }
  }
  const pairs = children.map((child) => {
    const found = byIdentity.get(child) ?? (hasStrictIdentity(path, child) ? undefined : firstOf(left, child));
    if (found !== undefined) left.delete(found);
    return { wanted: child, observed: found };
  });
  return { pairs, extra: [...left] };
}

/** The next unmatched element of the kind; for kinds with several types, the next of that type. */
function firstOf(left: ReadonlySet<XmlElement>, wanted: XmlElement): XmlElement | undefined {
  const kind = kindAttribute[wanted.name];
  for (const candidate of left) {
    if (candidate.name !== wanted.name) continue;
    if (kind === undefined || attributeOf(wanted, kind) === undefined) return candidate;
    if (attributeOf(wanted, kind) === attributeOf(candidate, kind)) return candidate;
  }
  return undefined;
}

/** Kinds of which libvirt adds some itself: the attribute that tells the policy's from libvirt's. */
const kindAttribute: Readonly<Record<string, string>> = {
  controller: "type",
  input: "type",
  channel: "type",
  ip: "family",
};

/** What a stated identity is not found under is absent, and not any other of its kind; but an address may just change. */
function hasStrictIdentity(path: string, element: XmlElement): boolean {
  return element.name !== "ip" && identityOf(path, element) !== undefined;
}

/** A text that is the same for the same thing, or `undefined` for what has no name of its own. */
export function identityOf(path: string, element: XmlElement): string | undefined {
  if (path === "domain/devices") return deviceIdentity[element.name]?.(element);
  return partIdentity[element.name]?.(element);
}

type Identify = (element: XmlElement) => string | undefined;

const attribute =
  (name: string): Identify =>
  (element) =>
    attributeOf(element, name);

const attributeOfChild =
  (child: string, name: string): Identify =>
  (element) => {
    const found = childNamed(element, child);
    return found === undefined ? undefined : attributeOf(found, name)?.toLowerCase();
  };

const deviceIdentity: Readonly<Record<string, Identify>> = {
  disk: attributeOfChild("target", "dev"),
  filesystem: attributeOfChild("target", "dir"),
  interface: attributeOfChild("mac", "address"),
  serial: attributeOfChild("target", "port"),
  parallel: attributeOfChild("target", "port"),
  channel: attributeOfChild("target", "name"),
  graphics: attribute("type"),
  sound: attribute("model"),
  watchdog: attribute("model"),
  panic: attribute("model"),
  audio: attribute("id"),
  shmem: attribute("name"),
  hostdev: (element) => {
    const source = childNamed(element, "source");
    return source === undefined ? undefined : outline(source);
  },
  lease: (element) => {
    const key = childNamed(element, "key");
    return key === undefined ? undefined : textOf(key);
  },
  controller: (element) => {
    const index = attributeOf(element, "index");
    return index === undefined ? undefined : `${attributeOf(element, "type")} ${index}`;
  },
};

const partIdentity: Readonly<Record<string, Identify>> = {
  timer: attribute("name"),
  feature: attribute("name"),
  entry: attribute("name"),
  vcpupin: attribute("vcpu"),
  iothreadpin: attribute("iothread"),
  iothread: attribute("id"),
  cell: attribute("id"),
  portgroup: attribute("name"),
  host: (element) => attributeOf(element, "mac")?.toLowerCase() ?? attributeOf(element, "ip"),
  range: attribute("start"),
  route: (element) => normalAddress(attributeOf(element, "address") ?? ""),
  ip: (element) => normalAddress(attributeOf(element, "address") ?? ""),
};

/** All that a small element states, with numbers in one spelling: enough to tell host devices apart. */
function outline(element: XmlElement): string {
  const attributes = [...element.attributes]
    .filter(([name]) => name !== "startupPolicy")
    .map(([name, value]) => `${name}=${/^0x[0-9a-f]+$/i.test(value) ? Number(value) : value.toLowerCase()}`);
  return `${element.name}(${attributes.sort().join(" ")})${elementsOf(element).map(outline).sort().join("")}`;
}

/** How a person calls the element in a path: `disk[vda]`, `interface[52:54:00:00:00:01]`, or its kind alone. */
export function labelOf(path: string, element: XmlElement): string {
  if (element.name === "hostdev") return hostDeviceLabel(element);
  if (element.name === "ip") return "ip";
  const identity = identityOf(path, element);
  return identity === undefined ? element.name : `${element.name}[${identity}]`;
}

function hostDeviceLabel(element: XmlElement): string {
  const address = descend(element, "source", "address") ?? descend(element, "source", "vendor");
  return address === undefined ? "hostdev" : `hostdev[${[...address.attributes.values()].join(":")}]`;
}
