/** What a power cut and a boot do to the guests of an embedded hypervisor: nothing runs after the one, autostart after the other. */
import { stopDomain } from "./domain-steps.ts";
import type { StateStore } from "./state-store.ts";

/** Every guest and network is gone at once; definitions stay, as they are on a disk. */
export function cutPower(store: StateStore): Promise<void> {
  return store.change((state) => {
    for (const domain of [...state.domains.values()].filter(({ active }) => active !== undefined)) {
      const stopped = stopDomain(domain);
      if (stopped === undefined) state.domains.delete(domain.name);
      else state.domains.set(domain.name, stopped);
    }
    for (const { activeXml, ...network } of [...state.networks.values()]) {
      if (activeXml === undefined) continue;
      if (network.inactiveXml === undefined) state.networks.delete(network.name);
      else state.networks.set(network.name, network);
    }
  });
}

/** What libvirtd does when it starts with the host: networks marked so come up. Guests that Berth promises are never marked. */
export function bootNetworks(store: StateStore): Promise<void> {
  return store.change((state) => {
    for (const network of [...state.networks.values()]) {
      if (!network.autostart || network.activeXml !== undefined || network.inactiveXml === undefined) continue;
      state.networks.set(network.name, { ...network, activeXml: network.inactiveXml });
    }
  });
}
