/**
 * One host in a process of its own, to be stopped and killed: `node peer-process.ts CONFIG-JSON`. Prints one line of JSON when it
 * listens, takes one line with the member list, and counts what it hears until it is killed or its input ends.
 */
import { createInterface } from "node:readline";
import { createHostKey } from "../../src/peers/host-key.ts";
import { Libp2pNetwork } from "../../src/peers/libp2p-network.ts";
import { productionInternals } from "../../src/peers/peer-internals.ts";
import type { Member } from "../../src/ports/peer-network.ts";

const { self, fenceMs, beatPeersMax } = JSON.parse(process.argv[2] ?? "{}") as {
  self: string;
  fenceMs: number;
  beatPeersMax?: number;
};
const key = await createHostKey();
const network = new Libp2pNetwork(
  { fleet: "test", self, key, members: [], listen: ["/ip4/127.0.0.1/tcp/0"], fenceMs },
  { ...productionInternals, ...(beatPeersMax !== undefined && { beatPeersMax }) },
);
// Answers like a voter, so that a round trip can be measured.
network.onMessage((from, message) => {
  if (message.kind === "renew") network.send(from, message);
});
await network.start();
process.stdout.write(`${JSON.stringify({ peerId: key.peerId, addresses: network.addresses })}\n`);
createInterface({ input: process.stdin })
  .on("line", (line) => network.replaceMembers(JSON.parse(line) as Member[]))
  .on("close", () => process.exit(0));
