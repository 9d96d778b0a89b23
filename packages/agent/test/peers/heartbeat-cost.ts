/**
 * What liveness costs in a bigger fleet: `node packages/agent/test/peers/heartbeat-cost.ts [HOSTS] [BEAT_PEERS_MAX] [SECONDS]`. Hosts in one process,
 * all connected and idle; prints processor time for each host, and frames sent in a second.
 */
import { setTimeout as delay } from "node:timers/promises";
import { upOf } from "./peer-counts.ts";
import { Fleet } from "./peer-fleet.ts";

const [hosts = 24, beatPeersMax = 30, seconds = 10] = process.argv.slice(2).map(Number);
await using fleet = new Fleet({ fenceMs: 4_000, internals: () => ({ beatPeersMax }) });
for (let index = 0; index < hosts; index += 1) await fleet.add();
fleet.introduce();
const isWhole = () => fleet.hosts.every(({ network }) => upOf(network) === hosts - 1);
while (!isWhole()) await delay(200);
// Gossip's meshes settle in the first seconds.
await pass(5_000);
const sent = () => fleet.hosts.reduce((sum, { network }) => sum + network.counters().sent, 0);
const suspected = () => fleet.hosts.reduce((sum, { network }) => sum + network.counters().suspected, 0);
const before = { cpu: process.cpuUsage(), sent: sent(), suspected: suspected() };
await pass(seconds * 1_000);
const { user, system } = process.cpuUsage(before.cpu);
const cpuShare = (user + system) / 1_000_000 / seconds / hosts;
const pauseMs = fleet.host(0).network.links?.beatPauseMs ?? 0;
console.log(
  `${hosts} hosts, a heartbeat each ${pauseMs.toFixed(0)} ms: ${(cpuShare * 100).toFixed(2)} % of a core for each host, ` +
    `${((sent() - before.sent) / seconds / hosts).toFixed(0)} frames/s, ${suspected() - before.suspected} suspicions, ` +
    `whole ${isWhole()}, ${(process.memoryUsage().rss / 1_048_576).toFixed(0)} MiB for all`,
);

/** The time that is measured over. */
async function pass(ms: number): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) await delay(100);
}
