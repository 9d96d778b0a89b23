import type { ObservedDomain, ObservedNetwork } from "@berth/model";
import type { Connection, Domain, DomainStats, Network } from "node-libvirt";
import { isAnswer } from "./libvirt-failure.ts";

/** Everything that one observation found, with the handles that later calls need. */
export interface LibvirtObservation {
  readonly domains: readonly ObservedDomain[];
  readonly networks: readonly ObservedNetwork[];
  readonly domainHandles: ReadonlyMap<string, Domain>;
  readonly networkHandles: ReadonlyMap<string, Network>;
  /** Of all domains and networks. */
  readonly uuids: ReadonlySet<string>;
}

const unknownSize = { current: 0, maximum: 0 };

/**
 * Observes with eight calls, however many guests there are: one of statistics, and lists filtered by each flag that
 * the statistics do not carry.
 */
export async function observeConnection(
  connection: Connection,
  { balloon }: { readonly balloon: boolean },
): Promise<LibvirtObservation> {
  const { domains, networks } = connection;
  const [stats, persistent, autostart, managedSave, allNetworks, activeNetworks, persistentNetworks, autoNetworks] =
    await Promise.all([
      // Not the processors: for each of a running guest's, libvirt asks QEMU for its counters, a millisecond a guest.
      // Balloons only where that is worth the wait for each guest's QEMU, which may hang.
      domains.allStats({ state: true, balloon }),
      domains.list({ persistent: true }),
      domains.list({ autostart: true }),
      domains.list({ managedSave: true }),
      networks.list(),
      networks.list({ active: true }),
      networks.list({ persistent: true }),
      networks.list({ autostart: true }),
    ]);
  const flags = { persistent: uuids(persistent), autostart: uuids(autostart), managedSave: uuids(managedSave) };
  const networkFlags = {
    active: uuids(activeNetworks),
    persistent: uuids(persistentNetworks),
    autostart: uuids(autoNetworks),
  };
  return {
    domains: stats.map((entry) => observedDomain(entry, flags)),
    networks: allNetworks.map(({ name, uuid }) => ({
      name,
      uuid,
      active: networkFlags.active.has(uuid),
      persistent: networkFlags.persistent.has(uuid),
      autostart: networkFlags.autostart.has(uuid),
    })),
    domainHandles: new Map(stats.map(({ domain }) => [domain.name, domain])),
    networkHandles: new Map(allNetworks.map((network) => [network.name, network])),
    uuids: new Set([...stats.map(({ domain }) => domain.uuid), ...allNetworks.map(({ uuid }) => uuid)]),
  };
}

/**
 * Observes with one call: the states as of now, the rest as an earlier look found it. Undefined where a domain is there
 * that the earlier look has not seen.
 */
export async function observeStates(
  { domains }: Connection,
  earlier: ReadonlyMap<string, ObservedDomain>,
): Promise<{ readonly domains: readonly ObservedDomain[]; readonly handles: ReadonlyMap<string, Domain> } | undefined> {
  const stats = await domains.allStats({ state: true });
  const observed: ObservedDomain[] = [];
  for (const { domain, state } of stats) {
    const before = earlier.get(domain.name);
    if (before?.uuid !== domain.uuid) return undefined;
    const { run: _, ...rest } = before;
    observed.push({ ...rest, state: state?.state ?? "no-state", ...runOf(domain) });
  }
  return { domains: observed, handles: new Map(stats.map(({ domain }) => [domain.name, domain])) };
}

/** libvirt's id of a running domain; -1 where it is off (virDomainGetID). */
function runOf({ id }: Domain): { readonly run?: number } {
  return id < 0 ? {} : { run: id };
}

function uuids(handles: readonly { readonly uuid: string }[]): ReadonlySet<string> {
  return new Set(handles.map(({ uuid }) => uuid));
}

/** The domains with the sizes that each of them tells when it is asked. One that vanished meanwhile stays as it was. */
export async function withSizes(
  { domains }: Connection,
  { domains: observed, domainHandles }: LibvirtObservation,
): Promise<readonly ObservedDomain[]> {
  return Promise.all(
    observed.map(async (domain) => {
      const handle = domainHandles.get(domain.name);
      if (handle === undefined) return domain;
      try {
        const { vcpus, memoryKib, memoryMaximumKib } = await domains.info(handle);
        const memory = { current: memoryKib, maximum: memoryMaximumKib };
        return { ...domain, vcpus: { current: vcpus, maximum: vcpus }, memoryKib: memory };
      } catch (error) {
        if (isAnswer(error)) return domain;
        throw error;
      }
    }),
  );
}

/** Sizes are zero where the driver's statistics do not carry them; libvirt's test driver tells the state only. */
function observedDomain(
  { domain, state, balloon }: DomainStats,
  flags: Readonly<Record<"persistent" | "autostart" | "managedSave", ReadonlySet<string>>>,
): ObservedDomain {
  return {
    name: domain.name,
    uuid: domain.uuid,
    state: state?.state ?? "no-state",
    persistent: flags.persistent.has(domain.uuid),
    autostart: flags.autostart.has(domain.uuid),
    managedSave: flags.managedSave.has(domain.uuid),
    vcpus: unknownSize,
    memoryKib: balloon === undefined ? unknownSize : { current: balloon.currentKib, maximum: balloon.maximumKib },
    ...runOf(domain),
  };
}

/** What the bulk call says of a domain's definition: with it, a change that sends no event may still be noticed. */
export function fingerprintOf(domain: ObservedDomain | undefined): string {
  if (domain === undefined) return "";
  const { state, persistent, memoryKib } = domain;
  return `${state} ${persistent} ${memoryKib.current}/${memoryKib.maximum}`;
}
