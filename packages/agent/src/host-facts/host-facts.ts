import { availableParallelism, hostname, type as kernelName, machine, release, version } from "node:os";
import type { GuestType } from "@berth/model";
import type { HostFacts } from "@berth/policy";
import { ownNames, parseHostsFile, qualifiedName } from "./hosts-file.ts";
import { defaultGateway, interfaceFacts } from "./network-facts.ts";
import { parseOsRelease } from "./os-release.ts";
import { readTextOrUndefined } from "./read-text.ts";

/** What only the hypervisors can tell; empty where nobody asked them. */
export interface HypervisorFacts {
  /** `9.0.0`, of the first libvirt that answered. */
  readonly libvirtVersion?: string;
  /** Types whose connection can be opened. */
  readonly hypervisors: readonly GuestType[];
}

/** Who this host is, from the kernel, `/etc/hosts`, `/etc/os-release` and the clock. */
export function readHostFacts(workDir: string, hypervisors: HypervisorFacts, now = new Date()): HostFacts {
  const hostName = hostname();
  const hosts = parseHostsFile(readTextOrUndefined("/etc/hosts") ?? "");
  const interfaces = interfaceFacts();
  const ownAddresses = new Set(interfaces.flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6]));
  const fqdn = qualifiedName(hostName, hosts);
  const gatewayIpv4 = defaultGateway(readTextOrUndefined("/proc/net/route") ?? "");
  const distribution = parseOsRelease(readTextOrUndefined("/etc/os-release") ?? "");
  return {
    hostName,
    ...(fqdn !== undefined && { fqdn }),
    aliases: ownNames(hosts, ownAddresses),
    interfaces,
    ...(gatewayIpv4 !== undefined && { gatewayIpv4 }),
    kernel: { name: kernelName(), release: release(), version: version() },
    ...(distribution !== undefined && { distribution }),
    arch: machine(),
    cpus: availableParallelism(),
    ...hypervisors,
    ...clockFacts(now),
    workDir,
  };
}

function clockFacts(now: Date): Pick<HostFacts, "localTime" | "gmtTime" | "epochSeconds"> {
  return {
    localTime: {
      year: now.getFullYear(),
      month: now.getMonth() + 1,
      day: now.getDate(),
      weekday: now.getDay(),
      hour: now.getHours(),
      minute: now.getMinutes(),
      second: now.getSeconds(),
    },
    gmtTime: {
      year: now.getUTCFullYear(),
      month: now.getUTCMonth() + 1,
      day: now.getUTCDate(),
      weekday: now.getUTCDay(),
      hour: now.getUTCHours(),
      minute: now.getUTCMinutes(),
      second: now.getUTCSeconds(),
    },
    epochSeconds: Math.floor(now.getTime() / 1000),
  };
}
