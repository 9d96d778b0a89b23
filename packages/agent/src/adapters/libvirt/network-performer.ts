import type { NetworkStep } from "@berth/planner";
import type { Connection, Network } from "node-libvirt";
import { AgentError } from "../../agent-error.ts";
import { isAnswer, isLibvirtCode } from "./libvirt-failure.ts";

/** Carries out one network step. Each ends with its effect there, also where it was there before. */
export async function performNetworkStep(connection: Connection, step: NetworkStep): Promise<void> {
  const { networks } = connection;
  if (step.kind === "define-network") return void (await networks.define(step.xml));
  const network = await findNetwork(connection, step.network);
  if (network === undefined) {
    // A transient network vanishes by stopping, and an undefined one is gone.
    if (step.kind === "undefine-network" || step.kind === "stop-network") return;
    throw new AgentError("NOT_FOUND", `Network not found: no network with matching name '${step.network}'`);
  }
  switch (step.kind) {
    case "start-network":
      return unlessAlready(connection, network, true, () => networks.create(network));
    case "stop-network":
      return unlessAlready(connection, network, false, () => networks.destroy(network));
    case "undefine-network":
      // A transient network has no definition; it vanishes when it stops.
      if (await networks.isPersistent(network)) await networks.undefine(network);
      return;
    case "set-network-autostart":
      return setAutostart(connection, network, step.autostart);
  }
}

/** The test driver accepts it for a transient network, and forgets it. */
async function setAutostart({ networks }: Connection, network: Network, autostart: boolean): Promise<void> {
  if (!(await networks.isPersistent(network))) {
    throw new AgentError("OPERATION_INVALID", `cannot set autostart for transient network '${network.name}'`);
  }
  await networks.setAutostart(network, autostart);
}

/** Does `act`; when libvirt finds it invalid, that is fine if the network is active or inactive as wanted. */
async function unlessAlready(
  connection: Connection,
  network: Network,
  active: boolean,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    // Drivers disagree about the code of a refusal, so the state decides. A transient network vanishes with its stop.
    if (!isAnswer(error)) throw error;
    const found = await findNetwork(connection, network.name);
    const isActive = found !== undefined && (await connection.networks.isActive(found));
    if (isActive !== active) throw error;
  }
}

async function findNetwork({ networks }: Connection, name: string): Promise<Network | undefined> {
  try {
    return await networks.lookupByName(name);
  } catch (error) {
    if (isLibvirtCode(error, "VIR_ERR_NO_NETWORK")) return undefined;
    throw error;
  }
}
