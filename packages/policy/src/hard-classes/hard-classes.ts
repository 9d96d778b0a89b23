import { canonify } from "./canonify.ts";
import type { HostFacts, InterfaceFacts } from "./host-facts.ts";
import { timeClasses } from "./time-classes.ts";

/**
 * Hard classes: what is true of this host whatever the policy says. Each fact of the host becomes one or more names that a
 * policy can stand on: its names, addresses, operating system, the time. Names are lower case, as CFEngine makes them;
 * addresses come with every prefix, so that `ipv4_10_1` holds on the whole of 10.1/16.
 */

/** All hard classes of a host at one moment. A wrong or empty fact gives no class, never an error. */
export function hardClasses(facts: HostFacts): ReadonlySet<string> {
  const classes = new Set<string>();
  const groups = [agentClasses, nameClasses, networkClasses, systemClasses, hypervisorClasses, momentClasses];
  for (const group of groups) {
    for (const name of group(facts)) {
      if (name !== "") classes.add(name);
    }
  }
  return classes;
}

function agentClasses(): string[] {
  return ["any", "agent", "cfengine", "cfengine_3", "cfengine_3_21", "berth"];
}

/** The fully qualified name in lower case, and the short one. */
export function hostNames(facts: HostFacts): { fqhost: string; uqhost: string; domain: string } {
  const hostName = facts.hostName.toLowerCase();
  const resolved = (facts.fqdn ?? "").toLowerCase();
  const fqhost = resolved.includes(".") || !hostName.includes(".") ? resolved || hostName : hostName;
  const dot = fqhost.indexOf(".");
  return dot < 0
    ? { fqhost, uqhost: fqhost, domain: "" }
    : { fqhost, uqhost: fqhost.slice(0, dot), domain: fqhost.slice(dot + 1) };
}

function nameClasses(facts: HostFacts): string[] {
  const { fqhost } = hostNames(facts);
  const ownName = facts.hostName.toLowerCase();
  const labels = fqhost.split(".");
  const suffixes = labels.map((_, index) => labels.slice(index).join("."));
  const aliases = facts.aliases.map((alias) => alias.toLowerCase());
  return [...suffixes, labels[0] ?? "", ownName, ownName.split(".")[0] ?? "", ...aliases].map(canonify);
}

function networkClasses(facts: HostFacts): string[] {
  const gateway = facts.gatewayIpv4 === undefined ? [] : [`ipv4_gw_${canonify(facts.gatewayIpv4)}`];
  return [...facts.interfaces.filter((each) => each.up).flatMap(interfaceClasses), ...gateway];
}

function interfaceClasses(each: InterfaceFacts): string[] {
  const mac = each.mac === undefined || /^[0:]*$/.test(each.mac) ? [] : [`mac_${canonify(each.mac.toLowerCase())}`];
  return [
    `net_iface_${canonify(each.name)}`,
    ...mac,
    ...each.ipv4.flatMap(ipv4Classes),
    ...each.ipv6.filter((address) => address !== "::1").flatMap(ipv6Classes),
  ];
}

/** `10.1.2.3` gives `10_1_2_3`, `ipv4_10_1_2_3` and its three prefixes. */
function ipv4Classes(address: string): string[] {
  const parts = address.split(".");
  const prefixes = parts.map((_, index) => `ipv4_${parts.slice(0, index + 1).join("_")}`);
  return [canonify(address), ...prefixes.map(canonify)];
}

function ipv6Classes(address: string): string[] {
  const name = canonify(address.toLowerCase());
  return [name, `ipv6_${name}`];
}

function systemClasses(facts: HostFacts): string[] {
  const system = facts.kernel.name.toLowerCase();
  const arch = facts.arch.toLowerCase();
  const release = facts.kernel.release;
  const names = [
    system,
    `${system}_${arch}`,
    `${system}_${release}`,
    `${system}_${arch}_${release}`,
    `${system}_${arch}_${release}_${facts.kernel.version}`,
    arch,
    /64|s390x/.test(arch) ? "64_bit" : "32_bit",
    facts.cpus === 1 ? "1_cpu" : `${facts.cpus}_cpus`,
    `compiled_on_${system}_gnu`,
  ];
  return [...names, ...distributionClasses(facts)].map(canonify);
}

/** `debian`, `debian_12`; a dotted version gives each prefix too: `ubuntu_22`, `ubuntu_22_04`. */
function distributionClasses(facts: HostFacts): string[] {
  const distribution = facts.distribution;
  if (distribution === undefined) return [];
  const id = distribution.id.toLowerCase();
  const parts = distribution.versionId === undefined ? [] : distribution.versionId.split(".");
  const versions = parts.map((_, index) => `${id}_${parts.slice(0, index + 1).join("_")}`);
  return [id, ...versions];
}

/** Ours in addition: `kvm_host`, `libvirt_9_0_0` and its prefixes, one `hypervisor_<type>` for each that can be reached. */
function hypervisorClasses(facts: HostFacts): string[] {
  const reachable = facts.hypervisors.flatMap((type) => [`hypervisor_${type}`, `${type}_host`]);
  const parts = facts.libvirtVersion === undefined ? [] : facts.libvirtVersion.split(".");
  const versions = parts.map((_, index) => `libvirt_${parts.slice(0, index + 1).join("_")}`);
  return [...reachable, ...versions].map(canonify);
}

function momentClasses(facts: HostFacts): string[] {
  return [...timeClasses(facts.localTime), ...timeClasses(facts.gmtTime).map((name) => `GMT_${name}`)];
}
