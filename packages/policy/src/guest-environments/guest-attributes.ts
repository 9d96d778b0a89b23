import { environmentStates, guestTypes, networkTypes, unsupportedTypes } from "@berth/model";

/**
 * The one table of what a `guest_environments` promise may say. The checks before evaluation, the checks after it and the
 * reference of the language are all read from here.
 */
export interface GuestAttribute {
  readonly name: string;
  /** Where it stands: in the promise itself, or in the body that the promise names. */
  readonly place: "promise" | "environment_resources" | "environment_interface" | "action" | "classes";
  readonly type: GuestAttributeType;
  /** For `int`: the lowest and highest value, inclusive. */
  readonly range?: readonly [min: number, max: number];
  /** For `option`: the words that it takes. */
  readonly options?: readonly string[];
  /** What counts when it is left out, in words. */
  readonly default: string;
  readonly doc: string;
}

/**
 * `class`: a class name, or as our extension a class expression. `option`: one word of a few. `int`: a whole number with
 * CFEngine's suffixes. `path`: an absolute path. `spec`: libvirt XML, or the absolute path of a file that holds it.
 */
export type GuestAttributeType = "class" | "option" | "int" | "path" | "spec" | "text" | "list" | "body";

/** QEMU's own bound for one guest. */
const cpusMax = 4096;
/** 64 TiB in KiB: no host has more; a number above it is a suffix too many. */
const memoryKibMax = 64 * 1024 ** 3;
/** 1 PiB in MiB. */
const diskMbMax = 1024 ** 3;
/** CFEngine's bound for minutes. */
const minutesMax = 99_999_999_999;

/** Below this a guest of any system will hardly boot: most likely the number was meant in MiB. */
export const memoryKibSuspicious = 16 * 1024;

/** All attributes, those of the promise first. */
export const guestAttributes: readonly GuestAttribute[] = [
  {
    name: "environment_host",
    place: "promise",
    type: "class",
    default: "required",
    doc: "Class that holds on the host that is to run the guest; elsewhere the guest is down or suspended.",
  },
  {
    name: "environment_state",
    place: "promise",
    type: "option",
    options: environmentStates,
    default: "create",
    doc: "The state that is kept: create and running start the guest, delete undefines it and keeps its disks.",
  },
  {
    name: "environment_type",
    place: "promise",
    type: "option",
    options: [...guestTypes, ...networkTypes, ...unsupportedTypes],
    default: "test",
    doc: "The hypervisor, and whether this is a guest or (`_net`) a virtual network.",
  },
  {
    name: "environment_resources",
    place: "promise",
    type: "body",
    default: "none",
    doc: "Size or definition of the guest.",
  },
  {
    name: "environment_interface",
    place: "promise",
    type: "body",
    default: "none",
    doc: "Addresses, name and network of the guest's interface.",
  },
  {
    name: "env_cpus",
    place: "environment_resources",
    type: "int",
    range: [1, cpusMax],
    default: "as the definition says",
    doc: "Virtual processors.",
  },
  {
    name: "env_memory",
    place: "environment_resources",
    type: "int",
    range: [1, memoryKibMax],
    default: "as the definition says",
    doc: "Memory in KiB.",
  },
  {
    name: "env_disk",
    place: "environment_resources",
    type: "int",
    range: [1, diskMbMax],
    default: "no disk",
    doc: "Size of the guest's disk in MB; a qcow2 volume of that many MiB is made where there is none.",
  },
  {
    name: "env_baseline",
    place: "environment_resources",
    type: "path",
    default: "an empty disk",
    doc: "Absolute path of the image that a new disk starts from.",
  },
  {
    name: "env_spec",
    place: "environment_resources",
    type: "spec",
    default: "a definition made for the type and size",
    doc: "libvirt XML, or the absolute path of a file that holds it.",
  },
  {
    name: "env_spec_file",
    place: "environment_resources",
    type: "spec",
    default: "see env_spec",
    doc: "The name of env_spec before CFEngine 3.3.0.",
  },
  {
    name: "env_addresses",
    place: "environment_interface",
    type: "list",
    default: "none",
    doc: "Addresses of the guest's interface.",
  },
  { name: "env_name", place: "environment_interface", type: "text", default: "none", doc: "Host name of the guest." },
  {
    name: "env_network",
    place: "environment_interface",
    type: "text",
    default: "the hypervisor's default network",
    doc: "Virtual network that the interface is plugged into.",
  },
  {
    name: "action_policy",
    place: "action",
    type: "option",
    options: ["fix", "warn", "nop"],
    default: "fix",
    doc: "warn and nop change nothing and say what would change.",
  },
  {
    name: "ifelapsed",
    place: "action",
    type: "int",
    range: [0, minutesMax],
    default: "0, or what body agent control says",
    doc: "Minutes that pass between two evaluations.",
  },
  {
    name: "expireafter",
    place: "action",
    type: "int",
    range: [0, minutesMax],
    default: "1, or what body agent control says",
    doc: "Minutes after which a running evaluation counts as stuck.",
  },
];

const byPlace = new Map<string, Map<string, GuestAttribute>>();
for (const attribute of guestAttributes) {
  const names = byPlace.get(attribute.place) ?? new Map<string, GuestAttribute>();
  byPlace.set(attribute.place, names.set(attribute.name, attribute));
}

/** The row of the table, or undefined. */
export function guestAttribute(place: GuestAttribute["place"], name: string): GuestAttribute | undefined {
  return byPlace.get(place)?.get(name);
}
