/** Domains: the procedures, and the meaning of their flags. Numbers: libvirt's `src/remote/remote_protocol.x`. */
import {
  array,
  bit,
  enumeration,
  flags,
  int32,
  mapped,
  nothing,
  nullable,
  struct,
  text,
  truth,
  uint32,
  uint64,
  uuid,
  type Value,
} from "./codec.ts";
import {
  domainStateNumbers,
  domainStateReason,
  domainStates,
  type LifecycleEventName,
  lifecycleNames,
} from "./domain-state.ts";
import { domainStats } from "./domain-stats.ts";
import { deregistration } from "./events.ts";
import {
  type Domain,
  domainHandle as domain,
  listed,
  listFilter,
  listMaximum,
  nullableDomain,
  withoutFlags,
} from "./handle.ts";
import { procedure } from "./procedure.ts";

/** virConnectListAllDomainsFlags. Several of one group are alternatives; groups narrow each other. */
const filter = {
  active: bit(0),
  inactive: bit(1),
  persistent: bit(2),
  transient: bit(3),
  running: bit(4),
  paused: bit(5),
  shutoff: bit(6),
  other: bit(7),
  managedSave: bit(8),
  noManagedSave: bit(9),
  autostart: bit(10),
  noAutostart: bit(11),
  hasSnapshot: bit(12),
  noSnapshot: bit(13),
  hasCheckpoint: bit(14),
  noCheckpoint: bit(15),
};

/** virDomainStatsTypes */
const statsGroups = flags({
  state: bit(0),
  cpuTotal: bit(1),
  balloon: bit(2),
  vcpu: bit(3),
  interface: bit(4),
  block: bit(5),
  perf: bit(6),
  iothread: bit(7),
  memory: bit(8),
  dirtyRate: bit(9),
  vm: bit(10),
});

/** No names stand for all domains. */
const ofEveryDomain = mapped(
  struct({ domains: array(domain, listMaximum), groups: statsGroups }),
  (groups: Value<typeof statsGroups>) => ({ domains: [], groups }),
  ({ groups }) => groups,
);

/** virConnectGetAllDomainStatsFlags: `noWait` skips what a busy guest would hold up; `enforce` fails on unknown groups. */
const statsFlags = flags({
  active: filter.active,
  inactive: filter.inactive,
  persistent: filter.persistent,
  transient: filter.transient,
  running: filter.running,
  paused: filter.paused,
  shutoff: filter.shutoff,
  other: filter.other,
  noWait: bit(29),
  backing: bit(30),
  enforce: bit(31),
});

/** virDomainCreateFlags */
const startFlags = flags({
  paused: bit(0),
  autodestroy: bit(1),
  bypassCache: bit(2),
  forceBoot: bit(3),
  validate: bit(4),
  resetNvram: bit(5),
});

/** virDomainShutdownFlagValues, the same for reboot */
const stopMethods = flags({ acpi: bit(0), guestAgent: bit(1), initctl: bit(2), signal: bit(3), paravirt: bit(4) });

const live = bit(0);
const config = bit(1);
/** virDomainModificationImpact: neither means the domain as it is now, running or not. */
const impact = flags({ live, config });
/** virDomainVcpuFlags */
const vcpuFlags = flags({ live, config, maximum: bit(2), guest: bit(3), hotpluggable: bit(4) });

/** virDomainMetadataType */
const metadataKind = enumeration(["description", "title", "element"], "element");

const stateWithReason = mapped(struct({ state: int32, reason: int32 }), domainStateNumbers, ({ state, reason }) =>
  domainStateReason(state, reason),
);

const info = struct({
  state: enumeration(domainStates, "no-state"),
  memoryMaximumKib: uint64,
  memoryKib: uint64,
  vcpus: uint32,
  cpuTimeNs: uint64,
});

/** The methods of `connection.domains`. */
export const domainProcedures = {
  /** All domains which pass the filter. */
  list: procedure("CONNECT_LIST_ALL_DOMAINS", 273, [listFilter(filter)], listed(domain)),
  /** @throws LibvirtError `VIR_ERR_NO_DOMAIN` */
  lookupByName: procedure("DOMAIN_LOOKUP_BY_NAME", 23, [text], domain),
  /** @throws LibvirtError `VIR_ERR_NO_DOMAIN` */
  lookupByUuid: procedure("DOMAIN_LOOKUP_BY_UUID", 24, [uuid], domain),
  /** By the id of an active domain. @throws LibvirtError `VIR_ERR_NO_DOMAIN` */
  lookupById: procedure("DOMAIN_LOOKUP_BY_ID", 22, [int32], domain),
  state: procedure("DOMAIN_GET_STATE", 212, [withoutFlags(domain)], stateWithReason),
  info: procedure("DOMAIN_GET_INFO", 16, [domain], info),
  /** The XML of an active domain as it runs; with `inactive`, as its next start would be. */
  xml: procedure(
    "DOMAIN_GET_XML_DESC",
    14,
    [domain, flags({ secure: bit(0), inactive: bit(1), updateCpu: bit(2), migratable: bit(3) })],
    text,
  ),
  /** Defines or redefines; `validate` checks against libvirt's schema. */
  define: procedure("DOMAIN_DEFINE_XML_FLAGS", 350, [text, flags({ validate: bit(0) })], domain),
  /** Starts a transient domain from XML. */
  createXml: procedure("DOMAIN_CREATE_XML", 10, [text, startFlags], domain),
  /** Starts a defined domain. `forceBoot` drops a managed save image instead of restoring it. */
  create: procedure("DOMAIN_CREATE_WITH_FLAGS", 196, [domain, startFlags], domain),
  suspend: procedure("DOMAIN_SUSPEND", 34, [domain], nothing),
  resume: procedure("DOMAIN_RESUME", 28, [domain], nothing),
  /** Wakes a guest that put itself to sleep (`pm-suspended`). */
  wake: procedure("DOMAIN_PM_WAKEUP", 267, [withoutFlags(domain)], nothing),
  /** Asks the guest to stop: resolves when it was asked, not when it has stopped. */
  shutdown: procedure("DOMAIN_SHUTDOWN_FLAGS", 258, [domain, stopMethods], nothing),
  /** Asks the guest to restart. */
  reboot: procedure("DOMAIN_REBOOT", 27, [domain, stopMethods], nothing),
  /** Presses the reset button. */
  reset: procedure("DOMAIN_RESET", 245, [withoutFlags(domain)], nothing),
  /** Pulls the plug. `graceful` gives up rather than killing a process that does not react. */
  destroy: procedure("DOMAIN_DESTROY_FLAGS", 234, [domain, flags({ graceful: bit(0), removeLogs: bit(1) })], nothing),
  undefine: procedure(
    "DOMAIN_UNDEFINE_FLAGS",
    231,
    [
      domain,
      flags({
        managedSave: bit(0),
        snapshotsMetadata: bit(1),
        nvram: bit(2),
        keepNvram: bit(3),
        checkpointsMetadata: bit(4),
        tpm: bit(5),
        keepTpm: bit(6),
      }),
    ],
    nothing,
  ),
  /** Saves memory to a file that libvirt keeps and the next start restores; the domain stops. */
  managedSave: procedure(
    "DOMAIN_MANAGED_SAVE",
    182,
    [domain, flags({ bypassCache: bit(0), running: bit(1), paused: bit(2), resetNvram: bit(3) })],
    nothing,
  ),
  hasManagedSave: procedure("DOMAIN_HAS_MANAGED_SAVE_IMAGE", 183, [withoutFlags(domain)], truth),
  removeManagedSave: procedure("DOMAIN_MANAGED_SAVE_REMOVE", 184, [withoutFlags(domain)], nothing),
  /** `maximum` goes with `config` only. */
  setVcpus: procedure("DOMAIN_SET_VCPUS_FLAGS", 199, [domain, uint32, vcpuFlags], nothing),
  vcpus: procedure("DOMAIN_GET_VCPUS_FLAGS", 200, [domain, vcpuFlags], int32),
  setMemoryKib: procedure(
    "DOMAIN_SET_MEMORY_FLAGS",
    204,
    [domain, uint64, flags({ live, config, maximum: bit(2) })],
    nothing,
  ),
  /** Kind, content (null removes it), then for `element` the prefix and the namespace. */
  setMetadata: procedure(
    "DOMAIN_SET_METADATA",
    264,
    [domain, metadataKind, nullable(text), nullable(text), nullable(text), impact],
    nothing,
  ),
  /** Kind, and for `element` its namespace. @throws LibvirtError `VIR_ERR_NO_DOMAIN_METADATA` */
  metadata: procedure("DOMAIN_GET_METADATA", 265, [domain, metadataKind, nullable(text), impact], text),
  autostart: procedure("DOMAIN_GET_AUTOSTART", 15, [domain], truth),
  setAutostart: procedure("DOMAIN_SET_AUTOSTART", 29, [domain, truth], nothing),
  isActive: procedure("DOMAIN_IS_ACTIVE", 150, [domain], truth),
  isPersistent: procedure("DOMAIN_IS_PERSISTENT", 151, [domain], truth),
  rename: procedure("DOMAIN_RENAME", 358, [domain, withoutFlags(nullable(text))], int32),
  /** Statistics of all domains which pass the filter, in one call. No group at all means every group. */
  allStats: procedure(
    "CONNECT_GET_ALL_DOMAIN_STATS",
    344,
    [ofEveryDomain, statsFlags],
    array(domainStats, listMaximum),
  ),
  /** Statistics of the named domains. */
  stats: procedure(
    "CONNECT_GET_ALL_DOMAIN_STATS",
    344,
    [array(domain, listMaximum), statsGroups, statsFlags],
    array(domainStats, listMaximum),
  ),
} as const;

/** The lifecycle events of domains. */
export const domainLifecycle = {
  register: procedure("CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", 316, [int32, nullableDomain], int32),
  deregister: deregistration("CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", 317),
  number: 318,
  message: struct({ callbackId: int32, domain, event: int32, detail: int32 }),
} as const;

/** Something that happened to a domain. */
export interface DomainLifecycleEvent {
  readonly domain: Domain;
  readonly event: LifecycleEventName;
  /** Why, such as `booted` or `destroyed`. */
  readonly detail: string;
}

/** The names for the numbers of an event. */
export function domainLifecycleEvent(message: Value<typeof domainLifecycle.message>): DomainLifecycleEvent {
  return { domain: message.domain, ...lifecycleNames(message.event, message.detail) };
}
