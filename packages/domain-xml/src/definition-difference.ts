/**
 * What policy says and libvirt's definition does not.
 *
 * The wanted definition is walked, never the observed one: what only libvirt states (addresses, aliases, controllers,
 * default models, a UUID) is never looked at. Each wanted element is paired with its counterpart, wherever libvirt has
 * moved it, and each attribute and text is compared by meaning. There is one exception: lists in which
 * libvirt itself never puts anything, such as disks. A complete definition that states such a list states all of it, so
 * a disk that was taken out of policy, or added by hand, is a difference.
 */
import { labelOf, pairChildren } from "./element-identity.ts";
import { sizeKib } from "./memory-size.ts";
import {
  type DefinitionView,
  isRuntimeAttribute,
  isRuntimeDevicePart,
  isRuntimeElement,
  saysNothing,
} from "./runtime-parts.ts";
import { isSizeElement, sameAttribute, sameText } from "./value-equivalence.ts";
import { attributeOf, childNamed, elementsOf, textOf, type XmlElement } from "./xml-tree.ts";

/** What a definition is of. */
export type DefinitionKind = "domain" | "network";

/**
 * When a difference takes effect for something that is active: `live` at once, by a call of its own; `next boot` when
 * the guest is next started; `network cut` when the network is next started, which its guests notice.
 */
export type Effect = "live" | "next boot" | "network cut";

/** One thing that policy says and the observed definition does not. */
export interface Difference {
  /** Such as `devices/disk[vda]/source@file`; `@type` is an attribute of the root. */
  readonly path: string;
  /** `undefined`: policy states the list that this is in, and it is not there. */
  readonly wanted: string | undefined;
  /** `undefined`: the observed definition has nothing there. */
  readonly observed: string | undefined;
  readonly takesEffect: Effect;
}

/** How two definitions are compared. */
export interface DifferenceOptions {
  readonly view: DefinitionView;
  /** Whether the wanted definition is all that policy wants, and not a few elements of it. */
  readonly complete: boolean;
}

/** Lists that libvirt never adds to, by path: complete definitions state all of them. */
const ownedLists: Readonly<Record<string, ReadonlySet<string>>> = {
  "domain/devices": new Set(["disk", "interface", "hostdev", "filesystem"]),
  network: new Set(["forward", "domain", "dns", "ip", "route", "portgroup", "bandwidth", "mtu", "vlan", "virtualport"]),
  "network/ip": new Set(["dhcp", "tftp"]),
  "network/ip/dhcp": new Set(["range", "host", "bootp"]),
  "network/dns": new Set(["host", "srv", "txt", "forwarder"]),
  "network/dns/host": new Set(["hostname"]),
  "domain/metadata/berth:guest": new Set(["berth:hostname", "berth:address"]),
};

/** Whether policy owns the list that the observed `element` is in; `wanted` is what policy states in its place. */
export function isOwnedList(path: string, element: XmlElement, wanted: XmlElement, complete: boolean): boolean {
  if (ownedLists[path]?.has(element.name)) return complete || path !== "domain/devices";
  // libvirt adds `<boot dev='hd'/>` where none is stated, so only an order that is stated is all of it.
  return path === "domain/os" && element.name === "boot" && childNamed(wanted, "boot") !== undefined;
}

/** All differences, in the order of the wanted definition; empty when the observed one has all that policy says. */
export function meaningfulDifferences(
  kind: DefinitionKind,
  wanted: XmlElement,
  observed: XmlElement,
  options: DifferenceOptions,
): readonly Difference[] {
  const walk = new DifferenceWalk(kind, options);
  if (kind === "domain") walk.compareVcpu(childNamed(wanted, "vcpu"), childNamed(observed, "vcpu"));
  walk.compareElement(kind, "", wanted, observed);
  return walk.differences;
}

/** One comparison. It carries the options and collects what it finds. */
class DifferenceWalk {
  readonly differences: Difference[] = [];
  readonly #kind: DefinitionKind;
  readonly #view: DefinitionView;
  readonly #complete: boolean;

  constructor(kind: DefinitionKind, options: DifferenceOptions) {
    this.#kind = kind;
    this.#view = options.view;
    this.#complete = options.complete;
  }

  /** `path` names the kind of element for the rules, `label` this very element for a person. */
  compareElement(path: string, label: string, wanted: XmlElement, observed: XmlElement): void {
    for (const [name, value] of wanted.attributes) {
      const seen = observed.attributes.get(name);
      if (seen === value || isRuntimeAttribute(path, name, wanted, this.#view)) continue;
      if (this.#sameAttribute(path, name, wanted, observed) || isHiddenSecret(name, seen)) continue;
      this.#add(`${label}@${name}`, value, seen);
    }
    const text = textOf(wanted);
    if (text !== "" && !this.#sameText(path, wanted, observed))
      this.#add(label, shownValue(wanted), shownValue(observed));
    this.#compareChildren(path, label, wanted, observed);
  }

  #compareChildren(path: string, label: string, wanted: XmlElement, observed: XmlElement): void {
    if (ownedLists[path] === undefined && !wanted.children.some((node) => typeof node !== "string")) return;
    const { pairs, extra } = pairChildren(path, wanted, observed);
    for (const pair of pairs) {
      const childPath = `${path}/${pair.wanted.name}`;
      if (isRuntimeElement(childPath, pair.wanted, this.#view)) continue;
      if (isRuntimeDevicePart(childPath, pair.wanted, wanted)) continue;
      const childLabel = join(label, labelOf(path, pair.wanted));
      if (pair.observed !== undefined) this.compareElement(childPath, childLabel, pair.wanted, pair.observed);
      else if (!saysNothing(pair.wanted)) this.#add(childLabel, summaryOf(pair.wanted), undefined);
    }
    for (const element of extra) {
      if (!isOwnedList(path, element, wanted, this.#complete)) continue;
      this.#add(join(label, labelOf(path, element)), undefined, summaryOf(element));
    }
  }

  /** The number of processors is the maximum; without `current` all of them are wanted at once. */
  compareVcpu(wanted: XmlElement | undefined, observed: XmlElement | undefined): void {
    if (wanted === undefined) return;
    const maximum = textOf(wanted);
    const current = attributeOf(wanted, "current") ?? maximum;
    const seenMaximum = observed === undefined ? "1" : textOf(observed);
    const seenCurrent = (observed && attributeOf(observed, "current")) ?? seenMaximum;
    if (maximum !== seenMaximum) this.#add("vcpu", maximum, seenMaximum);
    if (current !== seenCurrent) this.#add("vcpu@current", current, seenCurrent);
    const rest = new Map([...wanted.attributes].filter(([name]) => name !== "current"));
    if (observed !== undefined && rest.size > 0) {
      this.compareElement("domain/vcpu", "vcpu", { ...wanted, attributes: rest, children: [] }, observed);
    }
  }

  #sameAttribute(path: string, name: string, wanted: XmlElement, observed: XmlElement): boolean {
    if (sameAttribute(name, wanted, observed)) return true;
    if (this.#view === "inactive") return false;
    if (path === "domain/cpu") return attributeOf(wanted, name) === "host-model";
    return path === "domain/devices/disk/driver" && attributeOf(observed, "type") === undefined && name === "type";
  }

  #sameText(path: string, wanted: XmlElement, observed: XmlElement): boolean {
    if (sameText(wanted, observed)) return true;
    if (this.#view === "inactive" || path !== "domain/memory") return false;
    const size = sizeKib(wanted);
    const seen = sizeKib(observed);
    // QEMU gets memory in whole MiB.
    return size !== undefined && seen !== undefined && Math.ceil(size / 1024) === Math.ceil(seen / 1024);
  }

  #add(path: string, wanted: string | undefined, observed: string | undefined): void {
    this.differences.push({ path, wanted, observed, takesEffect: this.#effectOf(path) });
  }

  #effectOf(path: string): Effect {
    if (this.#kind === "network") return "network cut";
    return path === "vcpu@current" || path === "currentMemory" ? "live" : "next boot";
  }
}

/** libvirt shows passwords only to those who ask for them; one that is not shown is taken to be right. */
function isHiddenSecret(name: string, seen: string | undefined): boolean {
  return seen === undefined && (name === "passwd" || name === "passwdValidTo");
}

function join(label: string, child: string): string {
  return label === "" ? child : `${label}/${child}`;
}

/** The element's text, with its unit where it has one. */
function shownValue(element: XmlElement): string {
  const unit = attributeOf(element, "unit") ?? (isSizeElement(element.name) ? "KiB" : undefined);
  return unit === undefined ? textOf(element) : `${textOf(element)} ${unit}`;
}

/** An element in a few words: its text, or what it is made of. */
function summaryOf(element: XmlElement): string {
  const text = textOf(element);
  if (text !== "") return text;
  const source = childNamed(element, "source");
  const parts = [...(source ?? element).attributes].map(([name, value]) => `${name}=${value}`);
  if (parts.length > 0) return parts.join(" ");
  const children = elementsOf(element).map((child) => child.name);
  return children.length > 0 ? `<${children.join(">, <")}>` : "stated";
}
