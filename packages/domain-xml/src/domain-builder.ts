/**
 * A definition for a guest of which policy states only resources: so many processors, so much memory, a disk. The rest
 * is what a person would choose today: the host's own kind of processor, its current machine type, paravirtual devices,
 * a serial console, a channel for a guest agent, ACPI so that the guest hears a request to power off, no display.
 * Everything that a guest keeps for life (UUID, MAC) comes from its name, so any host builds the same guest.
 */
import type { EnvironmentInterface, GuestType } from "@berth/model";
import type { GuestKind, HostCapabilities } from "./host-capabilities.ts";
import { guestMac, guestUuid } from "./uuid.ts";
import { newElement, type XmlElement } from "./xml-tree.ts";

/** What policy says of a guest without XML. */
export interface BuildRequest {
  readonly name: string;
  readonly type: GuestType;
  /** @default 1 */
  readonly cpus?: number;
  /** @default 1 GiB, with which the installers and cloud images of today start */
  readonly memoryKib?: number;
  /** Absolute path of the qcow2 disk. @default none: the guest boots from its network */
  readonly diskPath?: string;
  /** The virtual network of its interface. @default none: the guest has no interface */
  readonly network?: string;
  /** Addresses and host name that policy states; they are recorded in the metadata. */
  readonly interface?: EnvironmentInterface;
  readonly capabilities: HostCapabilities;
  /** Keeps two fleets' UUIDs and MACs apart. */
  readonly identitySeed: string;
}

/** A definition with what the user should know of it, or why there is none. */
export type BuildResult =
  | { readonly ok: true; readonly domain: XmlElement; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly code: "NEEDS_SPEC" | "CAPABILITIES_UNUSABLE"; readonly message: string };

/** XML namespace of what Berth records in a guest's metadata. */
export const metadataNamespace = "urn:berth:guest:1";

const memoryKibDefault = 1 << 20;

/** `<domain type=...>` in order of preference, for the guest types that can be built. */
const buildable: Partial<Record<GuestType, readonly string[]>> = {
  kvm: ["kvm", "qemu"],
  test: ["test"],
  xen: ["xen"],
};

/** The definition of a guest that libvirt can start as it stands. */
export function buildDomain(request: BuildRequest): BuildResult {
  const types = buildable[request.type];
  if (types === undefined) {
    const message = `A guest of type ${request.type} cannot be built from resources alone; state its XML with env_spec.`;
    return { ok: false, code: "NEEDS_SPEC", message };
  }
  for (const type of types) {
    const kind = chooseKind(request.capabilities, type);
    if (kind === undefined) continue;
    return { ok: true, domain: domainElement(request, type, kind), warnings: buildWarnings(request, type) };
  }
  const message = `The host's capabilities offer no guest of type ${types.join(" or ")}.`;
  return { ok: false, code: "CAPABILITIES_UNUSABLE", message };
}

function buildWarnings(request: BuildRequest, type: string): string[] {
  const warnings: string[] = [];
  if (request.type === "kvm" && type === "qemu") warnings.push("the host has no KVM: the guest is emulated, slowly");
  if (request.diskPath === undefined) warnings.push("the guest has no disk: promise env_disk or env_baseline");
  return warnings;
}

/** The host's own processor before others, full virtualisation before paravirtual. */
function chooseKind(capabilities: HostCapabilities, type: string): GuestKind | undefined {
  const fitting = capabilities.guests.filter((guest) => guest.domains.some((domain) => domain.type === type));
  const own = fitting.filter((guest) => guest.arch === capabilities.arch);
  return [own, fitting].flatMap((list) => [...list.filter((guest) => guest.osType === "hvm"), ...list])[0];
}

function domainElement(request: BuildRequest, type: string, kind: GuestKind): XmlElement {
  const isX86 = kind.arch === "x86_64" || kind.arch === "i686";
  const isHvm = kind.osType === "hvm";
  return newElement("domain", { type }, [
    newElement("name", {}, [request.name]),
    newElement("uuid", {}, [guestUuid(request.name, request.identitySeed)]),
    request.interface === undefined ? undefined : metadataElement(request.interface),
    newElement("memory", { unit: "KiB" }, [String(request.memoryKib ?? memoryKibDefault)]),
    newElement("vcpu", {}, [String(request.cpus ?? 1)]),
    isHvm ? undefined : newElement("bootloader", {}, ["pygrub"]),
    osElement(request, kind),
    isX86 && isHvm ? newElement("features", {}, [newElement("acpi"), newElement("apic")]) : undefined,
    // The same model on every start and on every host that has it, unlike the processor passed through.
    type === "kvm" ? newElement("cpu", { mode: "host-model" }) : undefined,
    newElement("clock", { offset: "utc" }),
    newElement("on_poweroff", {}, ["destroy"]),
    newElement("on_reboot", {}, ["restart"]),
    newElement("on_crash", {}, ["destroy"]),
    newElement("devices", {}, devices(request, type, kind)),
  ]);
}

function osElement(request: BuildRequest, kind: GuestKind): XmlElement {
  const machine = ["q35", "virt"].find((name) => kind.machines.includes(name)) ?? kind.machines[0];
  const boot = kind.osType === "hvm" ? bootOrder(request) : [];
  return newElement("os", {}, [
    newElement("type", { arch: kind.arch, machine }, [kind.osType]),
    ...boot.map((dev) => newElement("boot", { dev })),
  ]);
}

/** A new disk is empty, so the network comes after it and not instead of it. */
function bootOrder(request: BuildRequest): string[] {
  const disk = request.diskPath === undefined ? [] : ["hd"];
  return request.network === undefined ? disk : [...disk, "network"];
}

/** What policy says of addresses and host name, for whoever looks at the guest: Berth itself does not act on it. */
export function metadataElement(wanted: EnvironmentInterface): XmlElement {
  const name = wanted.name === undefined ? undefined : newElement("berth:hostname", {}, [wanted.name]);
  const addresses = wanted.addresses.map((address) => newElement("berth:address", {}, [address]));
  return newElement("metadata", {}, [
    newElement("berth:guest", { "xmlns:berth": metadataNamespace }, [name, ...addresses]),
  ]);
}

function devices(request: BuildRequest, type: string, kind: GuestKind): (XmlElement | undefined)[] {
  const isQemu = type === "kvm" || type === "qemu";
  const emulator = kind.domains.find((domain) => domain.type === type)?.emulator;
  return [
    emulator === undefined || !isQemu ? undefined : newElement("emulator", {}, [emulator]),
    request.diskPath === undefined ? undefined : diskElement(request.diskPath, type),
    request.network === undefined ? undefined : interfaceElement(request, request.network, type),
    newElement("serial", { type: "pty" }),
    newElement("console", { type: "pty" }),
    isQemu
      ? newElement("channel", { type: "unix" }, [
          newElement("target", { type: "virtio", name: "org.qemu.guest_agent.0" }),
        ])
      : undefined,
    isQemu
      ? newElement("rng", { model: "virtio" }, [newElement("backend", { model: "random" }, ["/dev/urandom"])])
      : undefined,
  ];
}

function diskElement(path: string, type: string): XmlElement {
  const target = type === "xen" ? { dev: "xvda", bus: "xen" } : { dev: "vda", bus: "virtio" };
  return newElement("disk", { type: "file", device: "disk" }, [
    newElement("driver", { name: "qemu", type: "qcow2" }),
    newElement("source", { file: path }),
    newElement("target", target),
  ]);
}

function interfaceElement(request: BuildRequest, network: string, type: string): XmlElement {
  return newElement("interface", { type: "network" }, [
    newElement("mac", { address: guestMac(request.name, 0, request.identitySeed) }),
    newElement("source", { network }),
    type === "xen" ? undefined : newElement("model", { type: "virtio" }),
  ]);
}
