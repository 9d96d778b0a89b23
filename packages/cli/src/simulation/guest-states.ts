/** Where each guest stands, by the state files of the hypervisors: what is, not what anybody says. */
import type { SimulatedHost } from "./simulated-host.ts";
import type { AgentWord, GuestState, GuestStatus } from "./simulation-status.ts";

/** Every guest that a hypervisor has or a policy promises, in the order of their names. */
export function guestsOf(hosts: readonly SimulatedHost[], words: readonly AgentWord[]): readonly GuestStatus[] {
  const states = hosts.map((host) => ({ host: host.name, domains: host.hypervisor.read().domains }));
  const names = [
    ...new Set([...words.flatMap(({ promised }) => promised), ...states.flatMap(({ domains }) => [...domains.keys()])]),
  ].sort();
  const wanted = new Set(words.flatMap((word) => word.wanted));
  return names.map((name) => ({
    name,
    wanted: wanted.has(name),
    states: Object.fromEntries(states.map(({ host, domains }) => [host, stateOf(domains.get(name))])),
  }));
}

function stateOf(domain: { readonly state: string; readonly active?: unknown } | undefined): GuestState {
  if (domain === undefined) return "undefined-there";
  if (domain.active === undefined) return "off";
  return domain.state === "paused" ? "paused" : "running";
}
