/** What a claim costs Berth: two rounds to the voters, each durable at a majority before it is answered, over a network of namespaces. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFleet } from "@berth/agent/fleet/make-fleet";
import { profiles } from "@berth/claims";
import { PeerRack, until } from "./fleet-peer-hosts.ts";

const program = fileURLToPath(new URL("./fleet-claim-host.ts", import.meta.url));

/** Three voters, one of which claims `count` guests one after the other. @returns milliseconds, sorted */
export async function measureClaims(folder: string, count: number): Promise<readonly number[]> {
  await using rack = await PeerRack.start(folder);
  const hosts = rack.hosts.map(({ name, address }) => {
    // On the disk, where the writes of a voter cost something.
    const stateDir = join(folder, `claim-${name}`);
    mkdirSync(stateDir, { mode: 0o700 });
    return { host: name, stateDir, listen: [`/ip4/${address}/tcp/7946`] };
  });
  await makeFleet(hosts, { fleet: "claims", profile: profiles.lan });
  const [first, ...others] = hosts;
  if (first === undefined) return [];
  for (const [index, { stateDir }] of others.entries()) {
    // They take no policy with guests in it, so they vote and claim nothing.
    rack.hosts[index + 1]?.start(process.execPath, program, stateDir, "0");
  }
  rack.hosts[0]?.start(process.execPath, program, first.stateDir, String(count));
  const timesFile = join(first.stateDir, "times.json");
  await until(`${count} guests are claimed`, () => read(timesFile) !== undefined, 180_000, 100);
  const times = JSON.parse(read(timesFile) ?? "[]") as number[];
  return times.sort((a, b) => a - b);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
