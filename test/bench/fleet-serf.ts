/** Serf: it only tells that a host is gone, and moves nothing. */
import { type PeerHost, PeerRack, takenFile, takeoverMs, until } from "./fleet-peer-hosts.ts";

/** Yields the times until the first other host calls the dead one failed, milliseconds, after each run. */
export async function* measureSerf(folder: string, runs: number): AsyncGenerator<readonly number[]> {
  await using rack = await PeerRack.start(folder);
  for (const host of rack.hosts) startSerf(host);
  const times: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    await until("all members are alive", () => allAlive(rack), 60_000, 200);
    const victim = rack.hosts[round % rack.hosts.length] as PeerHost;
    times.push(await takeoverMs(rack, victim));
    yield times;
    startSerf(await rack.boot(victim.number));
  }
}

async function allAlive(rack: PeerRack): Promise<boolean> {
  const lists = await Promise.all(
    rack.hosts.map((host) => host.run("serf", "members", "-status=alive").catch(() => "")),
  );
  return lists.every((text) => text.trim().split("\n").length === rack.hosts.length);
}

function startSerf(host: PeerHost): void {
  host.write("/run/bench/failed.sh", `#!/bin/sh\ntouch ${takenFile}\n`, 0o755);
  const join = [1, 2, 3].filter((number) => number !== host.number).map((number) => `-retry-join=10.79.0.${number}`);
  host.start(
    "serf",
    "agent",
    `-node=${host.name}`,
    `-bind=${host.address}:7946`,
    "-event-handler=member-failed=/run/bench/failed.sh",
    "-retry-interval=1s",
    ...join,
  );
}
