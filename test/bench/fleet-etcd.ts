/** etcd: how soon a lock is another's when its holder's host is gone, and what taking one costs. Its data lies on a disk. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addressOf, type PeerHost, PeerRack, takenFile, takeoverMs, until } from "./fleet-peer-hosts.ts";

const client = fileURLToPath(new URL("./fleet-etcd-client.ts", import.meta.url));

/** Milliseconds. */
export interface EtcdTimes {
  /** From power cut to the lock being another's; holder's lease of 2 s. */
  readonly takeovers: readonly number[];
  /** One write that a majority has on disk, one after the other, sorted. */
  readonly writes: readonly number[];
  /** Taking a free lock with a lease that is there already, sorted. */
  readonly locks: readonly number[];
}

/** Measures both on one cluster of three; yields after the writes and after each takeover. */
export async function* measureEtcd(folder: string, runs: number): AsyncGenerator<EtcdTimes> {
  await using rack = await PeerRack.start(folder);
  for (const host of rack.hosts) startEtcd(folder, host, "new");
  await whole(rack);
  const [first] = rack.hosts as [PeerHost];
  const { writes, locks } = JSON.parse(
    await first.run(process.execPath, client, `http://${first.address}:2379`, "200"),
  );
  const takeovers: number[] = [];
  yield { takeovers, writes, locks };
  for (let round = 0; round < runs; round += 1) {
    takeovers.push(await oneTakeover(folder, rack, round));
    yield { takeovers, writes, locks };
  }
}

async function oneTakeover(folder: string, rack: PeerRack, round: number): Promise<number> {
  const holder = rack.hosts[round % rack.hosts.length] as PeerHost;
  const name = `guest-${round}`;
  const lock = (host: PeerHost) => {
    // etcdctl would take options of the command for its own.
    host.write("/run/bench/hold.sh", `#!/bin/sh\ntouch ${takenFile}\nexec sleep 600\n`, 0o755);
    host.start("etcdctl", "--endpoints", `${host.address}:2379`, "lock", "--ttl", "2", name, "/run/bench/hold.sh");
  };
  for (const host of rack.hosts) host.remove(takenFile);
  lock(holder);
  await until(`${holder.name} holds the lock`, () => holder.has(takenFile), 20_000);
  for (const host of rack.others(holder)) lock(host);
  await until("the others wait for it", () => waiting(holder, name, rack.hosts.length), 20_000, 50);
  const ms = await takeoverMs(rack, holder);
  startEtcd(folder, await rack.boot(holder.number), "existing");
  await whole(rack);
  return ms;
}

/** Each waiter has a key of its own under the lock's name. */
async function waiting(host: PeerHost, name: string, count: number): Promise<boolean> {
  const keys = await host.run("etcdctl", "--endpoints", `${host.address}:2379`, "get", "--prefix", "--keys-only", name);
  return keys.split("\n").filter((line) => line !== "").length === count;
}

async function whole(rack: PeerRack): Promise<void> {
  const endpoints = rack.hosts.map(({ address }) => `${address}:2379`).join(",");
  const [first] = rack.hosts as [PeerHost];
  const isHealthy = () =>
    first.run("etcdctl", "--endpoints", endpoints, "endpoint", "health").then(
      () => true,
      () => false,
    );
  await until("every member of etcd is healthy", isHealthy, 60_000, 200);
}

function startEtcd(folder: string, host: PeerHost, state: "new" | "existing"): void {
  const data = join(folder, `etcd-${host.name}`);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const peers = [1, 2, 3].map((number) => `p${number}=http://${addressOf(number)}:2380`).join(",");
  const options = {
    name: host.name,
    "data-dir": data,
    "listen-peer-urls": `http://${host.address}:2380`,
    "initial-advertise-peer-urls": `http://${host.address}:2380`,
    "listen-client-urls": `http://${host.address}:2379`,
    "advertise-client-urls": `http://${host.address}:2379`,
    "initial-cluster": peers,
    "initial-cluster-state": state,
    "log-level": "error",
  };
  host.start("etcd", ...Object.entries(options).map(([name, value]) => `--${name}=${value}`));
}
