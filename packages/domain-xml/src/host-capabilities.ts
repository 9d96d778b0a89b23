/**
 * What a hypervisor can run, out of libvirt's capabilities: for each kind of guest its processor, its emulator and its
 * machine types. Asked once per connection; only a guest that Berth builds itself needs it.
 *
 * Source: https://libvirt.org/formatcaps.html
 */
import { parseXml } from "./xml-reader.ts";
import { attributeOf, childNamed, childrenNamed, descend, textOf, type XmlElement } from "./xml-tree.ts";

/** One kind of guest on one kind of processor. */
export interface GuestKind {
  /** `hvm` for full virtualisation, `xen` for a paravirtual guest, `exe` for a container. */
  readonly osType: string;
  /** Such as `x86_64`. */
  readonly arch: string;
  /** `<domain type=...>` values, such as `qemu` and `kvm`, each with the emulator that serves it where one is stated. */
  readonly domains: readonly { readonly type: string; readonly emulator?: string }[];
  /** Machine types by the names that libvirt takes, the hypervisor's order. */
  readonly machines: readonly string[];
}

/** What a host can run. `arch` is that of its own processor. */
export interface HostCapabilities {
  readonly arch: string;
  readonly guests: readonly GuestKind[];
}

/** Reads a capabilities document; `undefined` for a text that is none. */
export function parseCapabilities(xml: string): HostCapabilities | undefined {
  const parse = parseXml(xml);
  if (!parse.ok || parse.root.name !== "capabilities") return undefined;
  const arch = descend(parse.root, "host", "cpu", "arch");
  return {
    arch: arch === undefined ? "" : textOf(arch),
    guests: childrenNamed(parse.root, "guest").flatMap(guestKinds),
  };
}

function guestKinds(guest: XmlElement): GuestKind[] {
  const osType = childNamed(guest, "os_type");
  return childrenNamed(guest, "arch").map((arch) => {
    const emulator = emulatorOf(arch);
    return {
      osType: osType === undefined ? "hvm" : textOf(osType),
      arch: attributeOf(arch, "name") ?? "",
      domains: childrenNamed(arch, "domain").map((domain) => {
        const own = emulatorOf(domain) ?? emulator;
        return { type: attributeOf(domain, "type") ?? "", ...(own === undefined ? {} : { emulator: own }) };
      }),
      machines: childrenNamed(arch, "machine").map(textOf),
    };
  });
}

function emulatorOf(element: XmlElement): string | undefined {
  const emulator = childNamed(element, "emulator");
  return emulator === undefined ? undefined : textOf(emulator);
}
