/** Keepalived: three hosts, one address, VRRP. No host asks a majority, so in a partition each side has the address. */
import { type PeerHost, PeerRack, takenFile, takeoverMs, until } from "./fleet-peer-hosts.ts";

/** Yields the takeover times, milliseconds, after each run. */
export async function* measureKeepalived(folder: string, runs: number): AsyncGenerator<readonly number[]> {
  await using rack = await PeerRack.start(folder);
  for (const host of rack.hosts) startKeepalived(host);
  const times: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    // The highest priority takes the address back when it is there again.
    const [first] = rack.hosts as [PeerHost];
    await until("p1 has the address", () => hasAddress(first), 30_000, 100);
    times.push(await takeoverMs(rack, first));
    yield times;
    startKeepalived(await rack.boot(first.number));
  }
}

async function hasAddress(host: PeerHost): Promise<boolean> {
  return (await host.run("ip", "-4", "addr", "show", "dev", "eth0")).includes("10.79.0.100");
}

function startKeepalived(host: PeerHost): void {
  host.write("/run/bench/taken.sh", `#!/bin/sh\ntouch ${takenFile}\n`, 0o755);
  host.write(
    "/etc/keepalived/keepalived.conf",
    `global_defs {
  script_user root
  enable_script_security
}
vrrp_instance guest {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${200 - host.number * 50}
  advert_int 1
  virtual_ipaddress {
    10.79.0.100/24
  }
  notify_master /run/bench/taken.sh
}
`,
  );
  host.start("keepalived", "--dont-fork", "--log-console", "--vrrp");
}
