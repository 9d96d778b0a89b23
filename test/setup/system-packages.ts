import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** What the system suites need beside npm packages: a file that proves each Debian package is there. */
const needed: Readonly<Record<string, string>> = {
  "libvirt-daemon-system": "/usr/sbin/libvirtd",
  "libvirt-clients": "/usr/bin/virsh",
  "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
  "qemu-utils": "/usr/bin/qemu-img",
  "dnsmasq-base": "/usr/sbin/dnsmasq",
  iptables: "/usr/sbin/iptables",
  iproute2: "/usr/sbin/ip",
  nftables: "/usr/sbin/nft",
  tini: "/usr/bin/tini",
  cfengine3: "/usr/bin/cf-promises",
};

/** Installs what is missing when that is possible here; otherwise fails at once with the command to run. */
export default function setup(): void {
  const missing = Object.entries(needed).flatMap(([name, proof]) => (existsSync(proof) ? [] : [name]));
  if (missing.length === 0) return;
  const install = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(`The system tests need Debian packages that are not installed. Run as root: ${install}`);
  }
  process.stderr.write(`installing ${missing.join(" ")}\n`);
  const run = spawnSync("/bin/sh", ["-c", install], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (run.status !== 0) throw new Error(`Installing failed with status ${run.status}. Run as root: ${install}`);
}
