/**
 * Parts of a definition that are libvirt's and not the user's: written at each start, dropped when the guest stops,
 * or derived from something else. People paste `virsh dumpxml` into policy, so they stand in wanted XML too; no
 * difference in them ever counts.
 */
import { attributeOf, elementsOf, textOf, type XmlElement } from "./xml-tree.ts";

/**
 * Which of libvirt's two definitions was observed. `inactive`: what the next start uses. `active`: what runs now, where
 * libvirt has filled in ports, the processor's exact features and sizes rounded up for QEMU.
 */
export type DefinitionView = "inactive" | "active";

/** Elements that never count, by path. */
const elements = new Set([
  "domain/name",
  "domain/uuid",
  "domain/vcpu", // its number and `current` are compared as two values
  "domain/devices/disk/mirror",
  "network/name",
  "network/uuid",
]);

/** Attributes that never count, by path. */
const attributes = new Set([
  "domain@id",
  "domain/memory@unit",
  "domain/devices/disk/source@index",
  "domain/devices/interface/source@portid",
  "domain/devices/channel/target@state",
  "domain/devices/console@tty",
  "network@connections",
]);

/** Whether a wanted element is none of the user's business. */
export function isRuntimeElement(path: string, wanted: XmlElement, view: DefinitionView): boolean {
  if (elements.has(path)) return true;
  if (wanted.name === "alias") return !(attributeOf(wanted, "name") ?? "").startsWith("ua-");
  if (path === "domain/seclabel") return attributeOf(wanted, "type") === "dynamic";
  if (path.endsWith("/backingStore")) return elementsOf(wanted).length === 0;
  return view === "active" && isFilledAtStart(path);
}

/** What a start decides: the balloon's size, and which features the host's processor really has. */
function isFilledAtStart(path: string): boolean {
  return path === "domain/currentMemory" || path === "domain/cpu/feature" || path === "domain/cpu/vendor";
}

/** Attributes that libvirt leaves out instead of writing "no". */
const saidOnlyWhenYes = new Set(["network@ipv6", "network@trustGuestRxFilters", "network/portgroup@default"]);

/** Whether a wanted attribute is none of the user's business; `wanted` is the element that states it. */
export function isRuntimeAttribute(path: string, name: string, wanted: XmlElement, view: DefinitionView): boolean {
  if (name === "xmlns" || name.startsWith("xmlns:")) return true;
  if (attributes.has(`${path}@${name}`)) return true;
  if (saidOnlyWhenYes.has(`${path}@${name}`)) return attributeOf(wanted, name) === "no";
  if (name === "unit") return true;
  // Said only where it is not "static".
  if (path === "domain/numatune/memory" && name === "placement") return wanted.attributes.get(name) === "static";
  if (path === "domain/cpu") return name === "check" || (view === "active" && name !== "mode");
  // The bridge of a virtual network is the network's business.
  if (path === "domain/devices/interface/source" && name === "bridge") return wanted.attributes.has("network");
  if (path === "domain/devices/graphics") return isChosenPort(name, wanted);
  return false;
}

/** `port='-1'` and `autoport='yes'` leave the port to libvirt. */
function isChosenPort(name: string, graphics: XmlElement): boolean {
  if (name !== "port" && name !== "tlsPort" && name !== "websocket" && name !== "autoport") return false;
  if (name === "autoport") return attributeOf(graphics, "port") === "-1";
  return attributeOf(graphics, name) === "-1" || attributeOf(graphics, "autoport") === "yes";
}

/** Whether a wanted device part is dropped by libvirt; `device` is the wanted device that holds it. */
export function isRuntimeDevicePart(path: string, part: XmlElement, device: XmlElement): boolean {
  const type = attributeOf(device, "type");
  switch (path) {
    case "domain/devices/serial/source":
    case "domain/devices/console/source":
    case "domain/devices/parallel/source":
      return type === "pty";
    case "domain/devices/channel/source":
      return type === "pty" || isOwnSocket(part);
    case "domain/devices/interface/target":
      return (attributeOf(part, "dev") ?? "vnet").startsWith("vnet");
    default:
      return false;
  }
}

/** libvirt places an agent's socket below its own folder, and does not write that down. */
function isOwnSocket(source: XmlElement): boolean {
  const path = attributeOf(source, "path");
  return path === undefined || path.startsWith("/var/lib/libvirt/qemu/") || path.startsWith("/run/libvirt/qemu/");
}

/** Wanted containers that libvirt drops when they are empty, so that their absence is no difference. */
const containers = new Set([
  "devices",
  "features",
  "metadata",
  "cputune",
  "memtune",
  "blkiotune",
  "pm",
  "clock",
  "dns",
]);

/** Whether an observed element may lack this wanted one without that being a difference. */
export function saysNothing(wanted: XmlElement): boolean {
  if (wanted.attributes.size > 0 || elementsOf(wanted).length > 0) return false;
  return containers.has(wanted.name) || (textElements.has(wanted.name) && textOf(wanted) === "");
}

const textElements = new Set(["title", "description", "cmdline"]);
