/**
 * The peers to beat, from Debian's packages, on three hosts in namespaces of this machine: time from power cut to
 * takeover. `npm run bench` runs it; alone: `node test/bench/fleet-peers.ts [--runs N]`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureEtcd } from "./fleet-etcd.ts";
import { type FleetFigure, renderFleetFigures } from "./fleet-figures.ts";
import { measureKeepalived } from "./fleet-keepalived.ts";
import { measurePacemaker, type PacemakerCase } from "./fleet-pacemaker.ts";
import { measureSerf } from "./fleet-serf.ts";

/** A file that proves each Debian package is there. */
const packages: Readonly<Record<string, string>> = {
  pacemaker: "/usr/sbin/pacemakerd",
  "pacemaker-cli-utils": "/usr/sbin/crm_mon",
  "pacemaker-resource-agents": "/usr/lib/ocf/resource.d/pacemaker/Dummy",
  corosync: "/usr/sbin/corosync",
  keepalived: "/usr/sbin/keepalived",
  serf: "/usr/bin/serf",
  "etcd-server": "/usr/bin/etcd",
  "etcd-client": "/usr/bin/etcdctl",
  tini: "/usr/bin/tini",
  iproute2: "/usr/sbin/ip",
};

const pacemakerCases: readonly PacemakerCase[] = [
  { name: "pacemaker + corosync", tokenMs: 3000, stonith: false },
  { name: "pacemaker + corosync, token 1 s", tokenMs: 1000, stonith: false },
  { name: "pacemaker + corosync, stonith", tokenMs: 3000, stonith: true },
];

/** What was measured, or the sentence that says why not. */
export interface PeerFigures {
  readonly figures: readonly FleetFigure[];
  readonly skipped: readonly string[];
}

/** All peers, one after the other; one that fails is told of and does not keep the others from being measured. */
export async function measurePeers(runs: number): Promise<PeerFigures> {
  const problem = installPackages();
  if (problem !== undefined) return { figures: [], skipped: [problem] };
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-peers-"));
  const figures: FleetFigure[] = [];
  const skipped: string[] = [];
  const attempt = async (name: string, measure: (folder: string) => Promise<readonly FleetFigure[]>) => {
    process.stderr.write(`${name}\n`);
    const own = join(folder, name.replaceAll(/[^a-z]+/g, "-"));
    mkdirSync(own);
    try {
      figures.push(...(await measure(own)));
    } catch (error) {
      skipped.push(`${name} was not measured: ${(error as Error).message}; logs in ${own}`);
    }
  };
  await attempt("serf", async (own) => [takeover("serf, detection only", await measureSerf(own, runs))]);
  await attempt("keepalived", async (own) => [takeover("keepalived, advert 1 s", await measureKeepalived(own, runs))]);
  await attempt("etcd", async (own) => {
    const { takeovers, writes, locks } = await measureEtcd(own, runs);
    return [
      takeover("etcd lock, lease 2 s", takeovers),
      { group: "claim", program: "etcd, one write", ms: writes },
      { group: "claim", program: "etcd, a lock", ms: locks },
    ];
  });
  await attempt("pacemaker", async (own) => {
    const times = await measurePacemaker(own, pacemakerCases, runs);
    return pacemakerCases.map(({ name }, index) => takeover(name, times[index] ?? []));
  });
  if (skipped.length === 0) rmSync(folder, { recursive: true, force: true });
  return { figures, skipped };
}

function takeover(program: string, ms: readonly number[]): FleetFigure {
  return { group: "failover", program, ms };
}

/** @returns why the peers cannot be measured here, or undefined */
function installPackages(): string | undefined {
  const missing = Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  if (process.getuid?.() !== 0) return "The peers were not measured: namespaces need root.";
  if (missing.length === 0) return undefined;
  if (!existsSync("/usr/bin/apt-get"))
    return `The peers were not measured: ${missing.join(", ")} missing, and no apt-get.`;
  process.stderr.write(`installing ${missing.join(" ")}\n`);
  return withoutServices(() => {
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const args = ["install", "-y", "-q", "--no-install-recommends", ...missing];
    spawnSync("apt-get", ["update", "-q"], { env: environment, stdio: "ignore" });
    const { status, stderr } = spawnSync("apt-get", args, { env: environment, encoding: "utf8" });
    if (status === 0) return undefined;
    return `The peers were not measured: apt-get install ended with ${status}: ${stderr.trim().split("\n").at(-1)}`;
  });
}

/** The packages must not start their daemons on this machine: policy-rc.d is Debian's way to say so. */
function withoutServices<T>(install: () => T): T {
  const file = "/usr/sbin/policy-rc.d";
  if (existsSync(file)) return install();
  writeFileSync(file, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(file);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "3" } } });
  const { figures, skipped } = await measurePeers(Number(values.runs));
  process.stdout.write(renderFleetFigures(figures));
  for (const sentence of skipped) process.stdout.write(`${sentence}\n`);
}
