import { randomBytes, randomUUID } from "node:crypto";
import {
  attributeOf,
  childNamed,
  childrenNamed,
  descend,
  newElement,
  parseXml,
  textOf,
  withAttribute,
  withChild,
  withText,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import { AgentError } from "../../agent-error.ts";
import type { EmbeddedDefinition } from "./embedded-state.ts";

/**
 * Reads the XML of a definition and prints it the way libvirt's QEMU driver does: sizes in KiB, UUID and MAC addresses
 * made up where absent, machine, clock, emulator, balloon and what happens on power off filled in. A comparison that
 * is blind to such additions on the embedded hypervisor is blind to them on libvirt.
 */
export function readDomainDefinition(xml: string, name: string): { uuid: string; definition: EmbeddedDefinition } {
  const root = parseRoot(xml, "domain", name);
  const given = childNamed(root, "uuid");
  const uuid = given === undefined ? randomUUID() : textOf(given).toLowerCase();
  const memoryKib = kibOf(root, "memory") ?? kibOf(root, "currentMemory") ?? 0;
  const vcpu = childNamed(root, "vcpu");
  const vcpusMaximum = Number((vcpu && textOf(vcpu)) ?? "1") || 1;
  const definition = resizeDefinition({
    xml: writeXml(fillIn(withChild(root, newElement("uuid", {}, [uuid])))),
    networks: networksOf(root),
    ignoresShutdown: descend(root, "metadata", "berth:embedded")?.attributes.get("on-shutdown") === "ignore",
    vcpus: { current: Number(vcpu?.attributes.get("current") ?? vcpusMaximum), maximum: vcpusMaximum },
    memoryKib: { current: kibOf(root, "currentMemory") ?? memoryKib, maximum: memoryKib },
  });
  return { uuid, definition };
}

/** Writes the definition's processors and memory into its XML. @throws AgentError OPERATION_INVALID above the maximum */
export function resizeDefinition(definition: EmbeddedDefinition): EmbeddedDefinition {
  const { vcpus, memoryKib } = definition;
  if (vcpus.current > vcpus.maximum) {
    throw new AgentError(
      "OPERATION_INVALID",
      `requested vcpus is greater than max allowable vcpus for the domain: ${vcpus.current} > ${vcpus.maximum}`,
    );
  }
  if (memoryKib.current > memoryKib.maximum) {
    throw new AgentError("OPERATION_INVALID", "cannot set memory higher than max memory");
  }
  const parsed = parseXml(definition.xml);
  if (!parsed.ok)
    throw new AgentError("STATE_FILE_CORRUPT", `the definition cannot be read: ${parsed.problem.message}`);
  const vcpu = newElement("vcpu", {
    placement: "static",
    current: vcpus.current === vcpus.maximum ? undefined : String(vcpus.current),
  });
  let root = withChild(parsed.root, withText(vcpu, String(vcpus.maximum)));
  root = withChild(root, newElement("memory", { unit: "KiB" }, [String(memoryKib.maximum)]));
  root = withChild(root, newElement("currentMemory", { unit: "KiB" }, [String(memoryKib.current)]));
  return { ...definition, xml: writeXml(root) };
}

/** The root of a definition's XML, checked as libvirt does before it looks any further. */
export function parseRoot(xml: string, kind: "domain" | "network", name: string): XmlElement {
  const parsed = parseXml(xml);
  if (!parsed.ok) {
    const { line, message } = parsed.problem;
    throw new AgentError("XML_INVALID", `XML error: (${kind}_definition):${line}: ${message}`);
  }
  if (parsed.root.name !== kind) {
    throw new AgentError(
      "XML_INVALID",
      `XML error: unexpected root element <${parsed.root.name}>, expecting <${kind}>`,
    );
  }
  const nameElement = childNamed(parsed.root, "name");
  const found = nameElement && textOf(nameElement);
  if (found === undefined || found === "") throw new AgentError("XML_INVALID", "XML error: missing name information");
  if (found.includes("/")) throw new AgentError("XML_INVALID", `XML error: name ${found} cannot contain '/'`);
  if (found !== name) throw new AgentError("XML_INVALID", `the XML is of '${found}', not of '${name}'`);
  return parsed.root;
}

function networksOf(root: XmlElement): string[] {
  const devices = childNamed(root, "devices");
  if (devices === undefined) return [];
  return childrenNamed(devices, "interface").flatMap((device) => {
    const network = childNamed(device, "source")?.attributes.get("network");
    return attributeOf(device, "type") === "network" && network !== undefined ? [network] : [];
  });
}

const kibPerUnit: Readonly<Record<string, number>> = {
  b: 1 / 1024,
  bytes: 1 / 1024,
  KB: 1000 / 1024,
  k: 1,
  KiB: 1,
  MB: 1e6 / 1024,
  M: 1024,
  MiB: 1024,
  GB: 1e9 / 1024,
  G: 1024 ** 2,
  GiB: 1024 ** 2,
  TB: 1e12 / 1024,
  T: 1024 ** 3,
  TiB: 1024 ** 3,
};

function kibOf(root: XmlElement, name: string): number | undefined {
  const element = childNamed(root, name);
  if (element === undefined) return undefined;
  const factor = kibPerUnit[attributeOf(element, "unit") ?? "KiB"];
  const amount = Number(textOf(element));
  if (factor === undefined || !Number.isFinite(amount)) {
    throw new AgentError("XML_INVALID", `XML error: invalid value for element <${name}>`);
  }
  return Math.ceil(amount * factor);
}

function fillIn(root: XmlElement): XmlElement {
  let filled = root;
  const devices = childNamed(filled, "devices") ?? newElement("devices");
  filled = withChild(filled, fillInDevices(devices));
  const os = childNamed(filled, "os");
  if (os !== undefined) filled = withChild(filled, fillInOs(os));
  const defaults: readonly [string, XmlElement][] = [
    ["clock", newElement("clock", { offset: "utc" })],
    ["on_poweroff", newElement("on_poweroff", {}, ["destroy"])],
    ["on_reboot", newElement("on_reboot", {}, ["restart"])],
    ["on_crash", newElement("on_crash", {}, ["destroy"])],
  ];
  for (const [name, element] of defaults) {
    if (childNamed(filled, name) === undefined) filled = withChild(filled, element);
  }
  return filled;
}

function fillInOs(os: XmlElement): XmlElement {
  const type = childNamed(os, "type");
  if (type === undefined) return os;
  const arch = attributeOf(type, "arch") ?? "x86_64";
  const machine = attributeOf(type, "machine") ?? "pc-i440fx-7.2";
  return withChild(os, withAttribute(withAttribute(type, "arch", arch), "machine", machine));
}

function fillInDevices(devices: XmlElement): XmlElement {
  const filled = {
    ...devices,
    children: devices.children.map((child) =>
      typeof child !== "string" && child.name === "interface" && childNamed(child, "mac") === undefined
        ? withChild(child, newElement("mac", { address: newMac() }))
        : child,
    ),
  };
  const emulator = newElement("emulator", {}, ["/usr/bin/qemu-system-x86_64"]);
  const withEmulator = childNamed(filled, "emulator") === undefined ? withChild(filled, emulator) : filled;
  const balloon = newElement("memballoon", { model: "virtio" });
  return childNamed(withEmulator, "memballoon") === undefined ? withChild(withEmulator, balloon) : withEmulator;
}

/** An address of QEMU's own range, 52:54:00. */
export function newMac(): string {
  return `52:54:00:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
}
