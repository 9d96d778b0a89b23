/**
 * The few facts of a definition that libvirt can change in a running guest, as numbers, and the mismatch that no merge
 * may paper over: another UUID.
 */
import { sizeKib } from "./memory-size.ts";
import { normalUuid } from "./uuid.ts";
import { attributeOf, childNamed, descend, textOf, type XmlElement } from "./xml-tree.ts";

/** Processors and memory that a domain definition states. */
export interface DomainSize {
  readonly vcpusMaximum: number;
  /** Processors that are there without being plugged in. At most `vcpusMaximum`. */
  readonly vcpusCurrent: number;
  readonly memoryKib: number;
  /** What the balloon leaves to the guest. At most `memoryKib`. */
  readonly currentMemoryKib: number;
  /** Whether the guest has a balloon, without which its memory cannot change while it runs. */
  readonly balloon: boolean;
}

/** The size of a domain as libvirt wrote it down. */
export function domainSize(domain: XmlElement): DomainSize {
  const vcpu = childNamed(domain, "vcpu");
  const vcpusMaximum = vcpu === undefined ? 1 : Number.parseInt(textOf(vcpu), 10);
  const stated = vcpu === undefined ? undefined : attributeOf(vcpu, "current");
  const memoryKib = kibOf(domain, "memory") ?? 0;
  const balloon = descend(domain, "devices", "memballoon");
  return {
    vcpusMaximum,
    vcpusCurrent: stated === undefined ? vcpusMaximum : Number.parseInt(stated, 10),
    memoryKib,
    currentMemoryKib: kibOf(domain, "currentMemory") ?? memoryKib,
    balloon: balloon === undefined || attributeOf(balloon, "model") !== "none",
  };
}

function kibOf(domain: XmlElement, name: string): number | undefined {
  const element = childNamed(domain, name);
  return element === undefined ? undefined : sizeKib(element);
}

/** Names of the virtual networks that a domain's interfaces are on. */
export function networksOf(domain: XmlElement): string[] {
  const devices = childNamed(domain, "devices");
  return (devices?.children ?? []).flatMap((node) => {
    if (typeof node === "string" || node.name !== "interface") return [];
    const source = childNamed(node, "source");
    const network = source === undefined ? undefined : attributeOf(source, "network");
    return network === undefined ? [] : [network];
  });
}

/** The UUID that policy states where it is another than the observed one; else `undefined`. */
export function conflictingUuid(wanted: XmlElement, observedUuid: string): string | undefined {
  const element = childNamed(wanted, "uuid");
  if (element === undefined) return undefined;
  const stated = normalUuid(textOf(element)) ?? textOf(element);
  return stated === normalUuid(observedUuid) ? undefined : stated;
}
