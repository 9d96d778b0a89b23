/**
 * What policy says of a guest, beside the definitions that the hypervisor has of it.
 *
 * Policy speaks in one of two ways: with a complete definition (`env_spec`), or with a few resources, of which a small
 * partial definition is made here so that both go the same way from then on. The comparison depends on its texts alone,
 * so it is remembered by them: a pass over guests that did not change compares nothing.
 */
import {
  ComparisonCache,
  conflictingUuid,
  type Difference,
  type DomainSize,
  domainSize,
  meaningfulDifferences,
  mergeDefinition,
  metadataElement,
  newElement,
  parseXml,
  type RunningSize,
  runningSize,
  usesDisk,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import type { GuestPromise, ObservedDomain } from "@berth/model";
import type { PlanFailure } from "./plan-types.ts";

/** The texts that a comparison is made of. */
export interface GuestTexts {
  /** What the next start uses. */
  readonly inactive: string | undefined;
  /** What runs now; `undefined` for a guest that is off. */
  readonly active: string | undefined;
}

/** Processors and memory that policy states; what it does not state is `undefined`. */
export type WantedSize = { readonly [Key in keyof Omit<DomainSize, "balloon">]?: number };

/** What differs between policy and the hypervisor, or why that cannot be told. */
export type GuestComparison =
  | { readonly ok: false; readonly failure: PlanFailure }
  | {
      readonly ok: true;
      /** What the next start would have different from policy. */
      readonly differences: readonly Difference[];
      /** The definition with policy put into it; empty where there is nothing to change. */
      readonly mergedXml: string;
      /** What runs now and differs from policy; empty for a guest that is off. */
      readonly running: readonly Difference[];
      readonly wantedSize: WantedSize;
      readonly configuredSize: DomainSize;
      /** `undefined` for a guest that is off. */
      readonly runningSize: RunningSize | undefined;
      /** Whether the definition has a disk at the path that policy's resources speak of. */
      readonly usesVolume: boolean;
    };

/** Compares once for the same texts; `cache` belongs to the caller. */
export function compareGuest(
  promise: GuestPromise,
  domain: ObservedDomain,
  texts: GuestTexts,
  volume: string | undefined,
  cache: ComparisonCache = new ComparisonCache(),
): GuestComparison {
  const { inactive, active } = texts;
  if (inactive === undefined) return vanished(promise.name);
  const { spec } = promise.resources;
  const stated = spec?.problem ?? spec?.xml ?? statedResources(promise);
  const parts = [stated, inactive, active ?? "", domain.uuid, volume ?? ""];
  return cache.remember(`domain ${promise.name}`, parts, () => compare(promise, domain, inactive, active, volume));
}

/** It is there, and the hypervisor would not say what it is. */
export function notTold(name: string, reason: string): PlanFailure {
  return { code: "XML_NOT_FETCHED", message: `The definition of ${name} is not told: ${reason}` };
}

function vanished(name: string): GuestComparison {
  const message = `The definition of ${name} could not be fetched: it changed while it was looked at. The next pass sees what became of it.`;
  return { ok: false, failure: { code: "XML_NOT_FETCHED", message } };
}

/** All that decides the partial definition, as one text. */
function statedResources(promise: GuestPromise): string {
  const { cpus, memoryKib } = promise.resources;
  return JSON.stringify([cpus, memoryKib, promise.interface]);
}

function compare(
  promise: GuestPromise,
  domain: ObservedDomain,
  inactive: string,
  active: string | undefined,
  volume: string | undefined,
): GuestComparison {
  const observed = observedRoot(inactive);
  const now = active === undefined ? undefined : observedRoot(active);
  if (typeof observed === "string" || typeof now === "string") {
    const message = `libvirt's definition of ${promise.name} cannot be read: ${String(observed)}`;
    return { ok: false, failure: { code: "OBSERVED_XML_INVALID", message } };
  }
  const complete = promise.resources.spec !== undefined;
  const wanted = complete ? specRoot(promise) : partialDefinition(promise, observed);
  if ("code" in wanted) return { ok: false, failure: wanted };
  const conflict = complete ? uuidFailure(wanted, promise.name, domain.uuid) : undefined;
  if (conflict !== undefined) return { ok: false, failure: conflict };
  const differences = meaningfulDifferences("domain", wanted, observed, { view: "inactive", complete });
  const isSame = differences.length === 0;
  return {
    ok: true,
    differences,
    mergedXml: isSame ? "" : writeXml(mergeDefinition("domain", wanted, observed, complete)),
    running: now === undefined ? [] : meaningfulDifferences("domain", wanted, now, { view: "active", complete }),
    wantedSize: wantedSize(promise, wanted),
    configuredSize: domainSize(observed),
    runningSize: now === undefined ? undefined : runningSize(now),
    usesVolume: volume !== undefined && usesDisk(observed, volume),
  };
}

function observedRoot(xml: string): XmlElement | string {
  const parse = parseXml(xml);
  return parse.ok ? parse.root : parse.problem.message;
}

/** The root of the promise's XML, or why it cannot be used. */
export function specRoot(promise: {
  readonly name: string;
  readonly resources: GuestPromise["resources"];
}): XmlElement | PlanFailure {
  const { spec } = promise.resources;
  if (spec?.problem !== undefined) return { code: "SPEC_INVALID", message: spec.problem };
  const parse = parseXml(spec?.xml ?? "");
  if (parse.ok) return parse.root;
  const { line, column, message } = parse.problem;
  return { code: "SPEC_INVALID", message: `The XML of ${promise.name}, line ${line}, column ${column}: ${message}` };
}

/** Policy's UUID is another guest's: not to be papered over. */
export function uuidFailure(wanted: XmlElement, name: string, observedUuid: string): PlanFailure | undefined {
  const stated = conflictingUuid(wanted, observedUuid);
  if (stated === undefined) return undefined;
  const message = `Policy states UUID ${stated} for ${name}, but the hypervisor has ${name} with UUID ${observedUuid}. Take <uuid> out of the policy, or remove the other definition by hand.`;
  return { code: "UUID_MISMATCH", message };
}

/** A few elements: what resources and interface say of a guest that is there. Its disk is not among them. */
function partialDefinition(promise: GuestPromise, observed: XmlElement): XmlElement {
  const { cpus, memoryKib } = promise.resources;
  const network = promise.interface?.network;
  return newElement("domain", {}, [
    promise.interface === undefined ? undefined : metadataElement(promise.interface),
    memoryKib === undefined ? undefined : newElement("memory", { unit: "KiB" }, [String(memoryKib)]),
    memoryKib === undefined ? undefined : newElement("currentMemory", { unit: "KiB" }, [String(memoryKib)]),
    cpus === undefined ? undefined : vcpuElement(cpus, domainSize(observed).vcpusMaximum),
    network === undefined ? undefined : newElement("devices", {}, [interfaceOn(network)]),
  ]);
}

/** So many processors now; the most the guest may ever have is raised where it must be, and never lowered. */
function vcpuElement(cpus: number, maximum: number): XmlElement {
  if (cpus >= maximum) return newElement("vcpu", {}, [String(cpus)]);
  return newElement("vcpu", { current: String(cpus) }, [String(maximum)]);
}

function interfaceOn(network: string): XmlElement {
  return newElement("interface", { type: "network" }, [newElement("source", { network })]);
}

function wantedSize(promise: GuestPromise, wanted: XmlElement): WantedSize {
  const { cpus, memoryKib, spec } = promise.resources;
  if (spec !== undefined) {
    const { vcpusMaximum, vcpusCurrent, memoryKib: memory, currentMemoryKib } = domainSize(wanted);
    return { vcpusMaximum, vcpusCurrent, memoryKib: memory, currentMemoryKib };
  }
  return {
    ...(cpus === undefined ? {} : { vcpusCurrent: cpus }),
    ...(memoryKib === undefined ? {} : { memoryKib, currentMemoryKib: memoryKib }),
  };
}
