import type { PeerNetwork } from "../../src/ports/peer-network.ts";

/** How many peers a host hears. */
export function upOf(network: PeerNetwork): number {
  return network.members().filter(({ state }) => state === "up").length;
}
