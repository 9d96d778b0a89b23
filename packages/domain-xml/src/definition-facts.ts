/**
 * The few facts of a definition that libvirt can change in a running guest, as numbers, and the mismatch that no merge
 * may paper over: another UUID.
 */
import { sizeKib } from "./memory-size.ts";
import { normalUuid } from "./uuid.ts";
import { attributeOf, childNamed, childrenNamed, descend, elementsOf, textOf, type XmlElement } from "./xml-tree.ts";

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

/** The size of a domain that is running, and how much of it can go without a restart. */
export interface RunningSize extends DomainSize {
  /** Processors that were plugged in and may be unplugged, if the guest agrees. */
  readonly vcpusUnpluggable: number;
}

/** The size in an active definition. */
export function runningSize(domain: XmlElement): RunningSize {
  const vcpus = childNamed(domain, "vcpus");
  const unpluggable = (vcpus === undefined ? [] : elementsOf(vcpus)).filter(
    (vcpu) => attributeOf(vcpu, "enabled") === "yes" && attributeOf(vcpu, "hotpluggable") === "yes",
  );
  return { ...domainSize(domain), vcpusUnpluggable: unpluggable.length };
}

/** Whether a domain has a disk in that file. */
export function usesDisk(domain: XmlElement, path: string): boolean {
  const devices = childNamed(domain, "devices");
  return (devices === undefined ? [] : childrenNamed(devices, "disk")).some((disk) => {
    const source = childNamed(disk, "source");
    return source !== undefined && attributeOf(source, "file") === path;
  });
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
