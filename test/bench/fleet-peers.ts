/**
 * The peers to beat, from Debian's packages, on three hosts in namespaces of this machine: time from power cut to
 * takeover, and what a durable write costs. Each needs its own packages only, so one that cannot be installed keeps none
 * of the others from being measured.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { measureEtcd } from "./fleet-etcd.ts";
import type { FleetFigure } from "./fleet-figures.ts";
import { measureKeepalived } from "./fleet-keepalived.ts";
import { measurePacemaker, type PacemakerCase } from "./fleet-pacemaker.ts";
import { measureSerf } from "./fleet-serf.ts";

/** One program that is measured beside Berth. */
export interface Peer {
  readonly name: string;
  /** A file that proves each Debian package is there. */
  readonly packages: Readonly<Record<string, string>>;
  /** Yields all figures so far after each run. `folder` is for data and logs. */
  readonly measure: (folder: string, runs: number) => AsyncGenerator<readonly FleetFigure[]>;
}

const common = { tini: "/usr/bin/tini", iproute2: "/usr/sbin/ip" };

const pacemakerCases: readonly PacemakerCase[] = [
  { name: "pacemaker + corosync", tokenMs: 3000, stonith: false },
  { name: "pacemaker + corosync, token 1 s", tokenMs: 1000, stonith: false },
  { name: "pacemaker + corosync, stonith", tokenMs: 3000, stonith: true },
];

/** All of them. */
export const peers: readonly Peer[] = [
  {
    name: "pacemaker",
    packages: {
      ...common,
      pacemaker: "/usr/sbin/pacemakerd",
      "pacemaker-cli-utils": "/usr/sbin/crm_mon",
      "pacemaker-resource-agents": "/usr/lib/ocf/resource.d/pacemaker/Dummy",
      corosync: "/usr/sbin/corosync",
    },
    async *measure(folder, runs) {
      for await (const times of measurePacemaker(folder, pacemakerCases, runs)) {
        yield times.flatMap((ms, index) => takeovers(pacemakerCases[index]?.name ?? "", ms));
      }
    },
  },
  {
    name: "etcd",
    packages: { ...common, "etcd-server": "/usr/bin/etcd", "etcd-client": "/usr/bin/etcdctl" },
    async *measure(folder, runs) {
      for await (const { takeovers: ms, writes, locks } of measureEtcd(folder, runs)) {
        yield [
          ...takeovers("etcd lock, lease 2 s", ms),
          { group: "claim", program: "etcd, one write", ms: writes },
          { group: "claim", program: "etcd, a lock", ms: locks },
        ];
      }
    },
  },
  {
    name: "keepalived",
    packages: { ...common, keepalived: "/usr/sbin/keepalived" },
    async *measure(folder, runs) {
      for await (const ms of measureKeepalived(folder, runs)) yield takeovers("keepalived, advert 1 s", ms);
    },
  },
  {
    name: "serf",
    packages: { ...common, serf: "/usr/bin/serf" },
    async *measure(folder, runs) {
      for await (const ms of measureSerf(folder, runs)) yield takeovers("serf, detection only", ms);
    },
  },
];

function takeovers(program: string, ms: readonly number[]): readonly FleetFigure[] {
  return ms.length === 0 ? [] : [{ group: "failover", program, ms }];
}

/**
 * Installs what is missing of a peer.
 *
 * @throws Error with the sentence that says why it cannot be measured here
 */
export function install({ packages }: Peer): void {
  const missing = Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  if (process.getuid?.() !== 0) throw new Error("namespaces need root");
  if (missing.length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) throw new Error(`${missing.join(", ")} missing, and no apt-get`);
  process.stderr.write(`installing ${missing.join(" ")}\n`);
  withoutServices(() => {
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const args = ["install", "-y", "-q", "--no-install-recommends", ...missing];
    spawnSync("apt-get", ["update", "-q"], { env: environment, stdio: "ignore" });
    const { status, stderr } = spawnSync("apt-get", args, { env: environment, encoding: "utf8" });
    if (status === 0) return;
    throw new Error(`apt-get install ended with ${status}: ${stderr.trim().split("\n").at(-1)}`);
  });
}

/** The packages must not start their daemons on this machine: policy-rc.d is Debian's way to say so. */
function withoutServices(work: () => void): void {
  const file = "/usr/sbin/policy-rc.d";
  if (existsSync(file)) {
    work();
    return;
  }
  writeFileSync(file, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    work();
  } finally {
    rmSync(file);
  }
}
