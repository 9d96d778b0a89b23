/**
 * Mistakes that a person can make in the XML of a promise, found before libvirt is asked: so that they show at
 * `berth check` with their line, and not at three in the morning on the host that takes the guest over.
 */
import type { Diagnostic, EnvironmentPromise, EnvironmentSpec, GuestType, Severity } from "@berth/model";
import { bytesPerUnit, sizeKib } from "./memory-size.ts";
import { placeInSpec, type SourceLookup } from "./spec-place.ts";
import { normalUuid } from "./uuid.ts";
import { parseXml, parseXmlWithPlaces } from "./xml-reader.ts";
import { attributeOf, childNamed, childrenNamed, textOf, type XmlElement } from "./xml-tree.ts";

/** `<domain type=...>` values that serve each `environment_type`. */
export const domainTypesOf: Readonly<Record<GuestType, readonly string[]>> = {
  kvm: ["kvm", "qemu"],
  xen: ["xen"],
  test: ["test"],
  esx: ["vmware"],
  vbox: ["vbox"],
};

/** Less than this is hardly ever meant: CFEngine's `env_memory` is in KiB and often taken for MiB. */
const memoryKibLow = 16 * 1024;

/**
 * Everything wrong with the promise's name and XML. Never throws.
 * @param source policy texts by file name, so that a mistake in inline XML shows at its own line. @default none: it
 * shows at the attribute
 */
export function checkSpec(promise: EnvironmentPromise, source?: SourceLookup): readonly Diagnostic[] {
  const names = promiserMistakes(promise);
  const spec = promise.resources.spec;
  if (spec === undefined) return names;
  const parse = parseXml(spec.xml);
  if (!parse.ok) {
    const { code, message, offset } = parse.problem;
    return [...names, finding(spec, { severity: "error", code, message, offset }, source)];
  }
  if (rootMistakes(promise, parse.root).length === 0) return names;
  // Only now that something is wrong does it matter where things stand.
  const placed = parseXmlWithPlaces(spec.xml);
  const mistakes = placed.ok ? rootMistakes(promise, placed.root) : [];
  return [...names, ...mistakes.map((mistake) => finding(spec, mistake, source))];
}

/** libvirt makes file names of it, and lets `..` lead out of its folders. */
function promiserMistakes({ name, position }: EnvironmentPromise): Diagnostic[] {
  if (name !== "" && name !== "." && name !== ".." && !/[/\n]/.test(name)) return [];
  const message = `${JSON.stringify(name)} cannot be the name of a guest or network.`;
  return [{ severity: "error", code: "PROMISER_NAME_UNUSABLE", message, position }];
}

/** A mistake at a place in the XML. */
interface SpecMistake {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly offset: number;
  readonly hint?: string;
  readonly length?: number;
}

function finding(spec: EnvironmentSpec, mistake: SpecMistake, source: SourceLookup | undefined): Diagnostic {
  const { severity, code, message, offset, hint, length } = mistake;
  return {
    severity,
    code,
    message,
    position: placeInSpec(spec, offset, source),
    ...(hint === undefined ? {} : { hint }),
    ...(length === undefined ? {} : { length }),
  };
}

function error(code: string, message: string, at: XmlElement, hint?: string): SpecMistake {
  const length = at.name.length + 1;
  return { severity: "error", code, message, offset: at.offset, length, ...(hint === undefined ? {} : { hint }) };
}

function rootMistakes(promise: EnvironmentPromise, root: XmlElement): SpecMistake[] {
  const wanted = promise.kind === "guest" ? "domain" : "network";
  if (root.name !== wanted) {
    const message = `A promise of type ${promise.type} needs <${wanted}>, but the XML's root is <${root.name}>.`;
    return [error("SPEC_WRONG_ROOT", message, root, `<${wanted}>`)];
  }
  const common = [...nameMistakes(promise.name, root), ...uuidMistakes(root)];
  if (promise.kind === "network") return common;
  return [...common, ...typeMistakes(promise.type, root), ...memoryMistakes(root), ...vcpuMistakes(root)];
}

function nameMistakes(promiser: string, root: XmlElement): SpecMistake[] {
  const element = childNamed(root, "name");
  if (element === undefined) {
    const message = `The XML has no <name>; the promise is about "${promiser}".`;
    return [error("SPEC_NAME_MISSING", message, root, `<name>${promiser}</name>`)];
  }
  const name = textOf(element);
  if (name === promiser) return [];
  const message = `The XML names "${name}", but the promise is about "${promiser}".`;
  return [error("SPEC_NAME_DIFFERS", message, element, `<name>${promiser}</name>`)];
}

function uuidMistakes(root: XmlElement): SpecMistake[] {
  const element = childNamed(root, "uuid");
  if (element === undefined || normalUuid(textOf(element)) !== undefined) return [];
  return [error("SPEC_UUID_INVALID", `"${textOf(element)}" is not a UUID.`, element)];
}

function typeMistakes(type: GuestType, root: XmlElement): SpecMistake[] {
  const stated = attributeOf(root, "type");
  const accepted = domainTypesOf[type];
  if (stated !== undefined && accepted.includes(stated)) return [];
  const hint = `<domain type='${accepted[0]}'>`;
  if (stated === undefined) return [error("SPEC_TYPE_MISSING", "<domain> states no type.", root, hint)];
  const message = `<domain type='${stated}'> does not fit environment_type "${type}".`;
  return [error("SPEC_TYPE_DIFFERS", message, root, hint)];
}

function memoryMistakes(root: XmlElement): SpecMistake[] {
  const memory = childNamed(root, "memory");
  if (memory === undefined) {
    return [error("SPEC_MEMORY_MISSING", "The XML has no <memory>.", root, "<memory unit='MiB'>512</memory>")];
  }
  const sizes = ["memory", "currentMemory", "maxMemory"].flatMap((name) => childrenNamed(root, name));
  return sizes.flatMap(sizeMistakes);
}

function sizeMistakes(element: XmlElement): SpecMistake[] {
  const unit = attributeOf(element, "unit");
  if (unit !== undefined && bytesPerUnit(unit) === undefined) {
    const message = `"${unit}" is not a unit of memory.`;
    return [error("SPEC_MEMORY_UNIT", message, element, "KiB, MiB, GiB, TiB or bytes")];
  }
  const kib = sizeKib(element);
  if (kib === undefined || kib === 0) {
    return [error("SPEC_MEMORY_SIZE", `<${element.name}> needs a whole number above 0.`, element)];
  }
  if (kib > 2 ** 43) return [error("SPEC_MEMORY_SIZE", `<${element.name}> is above 8 PiB.`, element)];
  if (kib >= memoryKibLow) return [];
  const message = `<${element.name}> is ${kib} KiB, less than 16 MiB; without a unit the number is KiB.`;
  return [{ ...error("SPEC_MEMORY_LOW", message, element), severity: "warning" }];
}

function vcpuMistakes(root: XmlElement): SpecMistake[] {
  const element = childNamed(root, "vcpu");
  if (element === undefined) return [];
  const maximum = textOf(element);
  const current = attributeOf(element, "current") ?? maximum;
  const fine = [maximum, current].every((count) => /^[1-9][0-9]{0,5}$/.test(count));
  if (!fine) return [error("SPEC_VCPU_COUNT", "<vcpu> needs a whole number from 1 up.", element)];
  if (Number(current) <= Number(maximum)) return [];
  return [error("SPEC_VCPU_COUNT", `<vcpu current='${current}'> is above its maximum ${maximum}.`, element)];
}
