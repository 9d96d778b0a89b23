import type { NetworkStep } from "@berth/planner";
import { AgentError } from "../../agent-error.ts";
import type { EmbeddedNetwork, EmbeddedState } from "./embedded-state.ts";
import { readNetworkDefinition } from "./network-definition.ts";

/** What each step does to a network of the embedded hypervisor; asked again after its effect is there, it succeeds. */
export function applyNetworkStep(state: EmbeddedState, step: NetworkStep): void {
  const next = afterStep(state, step);
  if (next === undefined) state.networks.delete(step.network);
  else state.networks.set(step.network, next);
}

/** The network after the step; undefined when there is none then. */
function afterStep(state: EmbeddedState, step: NetworkStep): EmbeddedNetwork | undefined {
  const network = state.networks.get(step.network);
  if (step.kind === "define-network") return defineNetwork(state, step.network, step.xml);
  if (network !== undefined) return changed(network, step);
  // A transient network vanishes by stopping, and an undefined one is gone.
  if (step.kind === "undefine-network" || step.kind === "stop-network") return undefined;
  throw new AgentError("NOT_FOUND", `no network with matching name '${step.network}'`);
}

function changed(
  network: EmbeddedNetwork,
  step: Exclude<NetworkStep, { kind: "define-network" }>,
): EmbeddedNetwork | undefined {
  switch (step.kind) {
    case "start-network":
      if (network.activeXml !== undefined || network.inactiveXml === undefined) return network;
      return { ...network, activeXml: network.inactiveXml };
    case "stop-network": {
      const { activeXml: _, ...rest } = network;
      return rest.inactiveXml === undefined ? undefined : rest;
    }
    case "undefine-network": {
      const { inactiveXml: _, ...rest } = network;
      return rest.activeXml === undefined ? undefined : { ...rest, autostart: false };
    }
    case "set-network-autostart":
      if (network.inactiveXml === undefined) {
        throw new AgentError(
          "OPERATION_INVALID",
          "Requested operation is not valid: cannot set autostart for transient network",
        );
      }
      return { ...network, autostart: step.autostart };
  }
}

function defineNetwork(state: EmbeddedState, name: string, xml: string): EmbeddedNetwork {
  const existing = state.networks.get(name);
  const { uuid, xml: inactiveXml } = readNetworkDefinition(xml, name, [...state.networks.values()]);
  if (existing !== undefined && existing.uuid !== uuid) {
    throw new AgentError("OPERATION_FAILED", `network '${name}' already exists with uuid ${existing.uuid}`);
  }
  for (const other of state.networks.values()) {
    if (other.uuid === uuid && other.name !== name) {
      throw new AgentError("OPERATION_FAILED", `network '${other.name}' is already defined with uuid ${uuid}`);
    }
  }
  return existing === undefined ? { name, uuid, autostart: false, inactiveXml } : { ...existing, inactiveXml };
}
