import { list, type PolicyValue, scalar } from "../evaluate/policy-value.ts";
import { canonify } from "./canonify.ts";
import { hostNames } from "./hard-classes.ts";
import type { HostFacts, InterfaceFacts } from "./host-facts.ts";
import { monthName, weekdayName } from "./time-classes.ts";

/** `$(sys.*)` and `$(const.*)`: what the host is called, has and runs, as variables. */

/** A variable to be set: `sys.ipv4[eth0]` is `{ scope: "sys", name: "ipv4", index: "eth0" }`. */
export interface SystemVariable {
  readonly scope: "sys" | "const";
  readonly name: string;
  readonly index?: string;
  readonly value: PolicyValue;
}

/** All special variables of a host. `entryFile` is the policy file that the user named. */
export function systemVariables(facts: HostFacts, entryFile: string): readonly SystemVariable[] {
  const scalars = { ...nameVariables(facts), ...systemTexts(facts), ...placeTexts(facts, entryFile) };
  return [
    ...constants,
    ...Object.entries(scalars).map(([name, text]): SystemVariable => ({ scope: "sys", name, value: scalar(text) })),
    ...networkVariables(facts),
  ];
}

const constantTexts = { dollar: "$", at: "@", dirsep: "/", endl: "\n", n: "\n", r: "\r", t: "\t" };

const constants: readonly SystemVariable[] = Object.entries(constantTexts).map(([name, text]) => ({
  scope: "const",
  name,
  value: scalar(text),
}));

function nameVariables(facts: HostFacts): Record<string, string> {
  const { fqhost, uqhost, domain } = hostNames(facts);
  return { host: facts.hostName, fqhost, uqhost, domain };
}

function systemTexts(facts: HostFacts): Record<string, string> {
  const system = facts.kernel.name.toLowerCase();
  const { kernel, arch, distribution, localTime: time } = facts;
  const id = distribution?.id.toLowerCase();
  const major = distribution?.versionId?.split(".")[0];
  const clock = [time.hour, time.minute, time.second].map((part) => String(part).padStart(2, "0")).join(":");
  const day = `${weekdayName(time.weekday).slice(0, 3)} ${monthName(time.month).slice(0, 3)}`;
  const date = `${day} ${String(time.day).padStart(2, " ")} ${clock} ${time.year}`;
  return {
    os: system,
    class: system,
    arch,
    ostype: `${system}_${arch}`,
    long_arch: canonify(`${system}_${arch}_${kernel.release}_${kernel.version}`),
    release: kernel.release,
    version: kernel.version,
    cpus: String(facts.cpus),
    date,
    cdate: canonify(date),
    systime: String(facts.epochSeconds),
    sysday: String(Math.floor(facts.epochSeconds / 86_400)),
    ...(id === undefined
      ? {}
      : { flavor: [id, major ?? []].flat().join("_"), flavour: [id, major ?? []].flat().join("_") }),
    ...(major === undefined ? {} : { os_version_major: major }),
  };
}

function placeTexts(facts: HostFacts, entryFile: string): Record<string, string> {
  const slash = entryFile.lastIndexOf("/");
  const directory = slash < 0 ? "." : entryFile.slice(0, Math.max(1, slash));
  return {
    workdir: facts.workDir,
    statedir: `${facts.workDir}/state`,
    inputdir: directory,
    policy_entry_filename: entryFile,
    policy_entry_dirname: directory,
    policy_entry_basename: entryFile.slice(slash + 1),
    cf_version: "3.21.0",
    cf_version_major: "3",
    cf_version_minor: "21",
    cf_version_patch: "0",
  };
}

function networkVariables(facts: HostFacts): readonly SystemVariable[] {
  const up = facts.interfaces.filter((each) => each.up);
  const outward = up.filter((each) => each.name !== "lo");
  const first = outward.find((each) => each.ipv4.length > 0) ?? outward[0];
  const sys = (name: string, value: PolicyValue): SystemVariable => ({ scope: "sys", name, value });
  return [
    ...up.flatMap(interfaceVariables),
    ...(first === undefined ? [] : [sys("interface", scalar(first.name))]),
    ...(first?.ipv4[0] === undefined ? [] : [sys("ipv4", scalar(first.ipv4[0]))]),
    sys("interfaces", list(outward.map((each) => each.name))),
    sys(
      "ip_addresses",
      list(up.flatMap((each) => [...each.ipv4, ...each.ipv6.filter((address) => address !== "::1")])),
    ),
    sys("hardware_addresses", list(outward.flatMap((each) => each.mac ?? []))),
  ];
}

function interfaceVariables(each: InterfaceFacts): readonly SystemVariable[] {
  const index = canonify(each.name);
  const element = (name: string, text: string, at = index): SystemVariable => ({
    scope: "sys",
    name,
    index: at,
    value: scalar(text),
  });
  const mac = each.mac === undefined || each.name === "lo" ? [] : [element("hardware_mac", each.mac)];
  const address = each.ipv4[0];
  if (address === undefined) return mac;
  const prefix = (parts: number) => address.split(".").slice(0, parts).join(".");
  return [
    ...mac,
    element("ipv4", address),
    ...[1, 2, 3].map((parts) => element(`ipv4_${parts}`, prefix(parts))),
    ...each.ipv4.map((one) => element("ip2iface", each.name, one)),
  ];
}
