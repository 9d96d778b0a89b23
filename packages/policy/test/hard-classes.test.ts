import { describe, expect, test } from "vitest";
import { canonify, hardClasses } from "../src/index.ts";
import { evaluate, facts } from "./evaluation-support.ts";

describe("canonify", () => {
  test.each([
    ["kvm-01.example.com", "kvm_01_example_com"],
    ["already_fine_9", "already_fine_9"],
    ["a b\tc", "a_b_c"],
    ["dé", "d__"],
    ["€", "___"],
    ["😀", "____"],
    ["", ""],
  ])("turns %j into %j, one underscore for each byte", (text, name) => {
    expect(canonify(text)).toBe(name);
  });
});

describe("the hard classes of a host named KVM-01.dc1.Example.com", () => {
  const classes = hardClasses(facts);
  const rows: Record<string, string> = {
    names: "kvm_01 kvm_01_dc1_example_com dc1_example_com example_com com rack7",
    "addresses of every interface that is up":
      "10_1_2_3 ipv4_10_1_2_3 ipv4_10_1_2 ipv4_10_1 ipv4_10 127_0_0_1 ipv4_127_0_0_1 ipv4_192_168_122_1",
    "IPv6, MAC, interface, gateway":
      "fd00_aa__5 ipv6_fd00_aa__5 mac_52_54_00_ab_cd_ef net_iface_eth0 net_iface_lo ipv4_gw_192_0_2_1",
    "the operating system":
      "linux debian debian_12 linux_x86_64 linux_6_1_0_38_amd64 x86_64 64_bit 2_cpus compiled_on_linux_gnu",
    "local time": "Sunday Day22 November Yr2026 Hr16 Min40 Min40_45 Q3 Hr16_Q3 Afternoon Lcycle_1",
    "time in GMT":
      "GMT_Sunday GMT_Day22 GMT_November GMT_Yr2026 GMT_Hr15 GMT_Min40 GMT_Min40_45 GMT_Q3 GMT_Hr15_Q3 GMT_Afternoon",
    "the agent": "any agent cfengine cfengine_3",
    "our own": "kvm_host test_host hypervisor_kvm libvirt_9_0_0 libvirt_9_0 libvirt_9",
  };
  test.each(Object.entries(rows))("hold %s", (_, names) => {
    expect(names.split(" ").filter((name) => !classes.has(name))).toEqual([]);
  });

  test("hold nothing of an interface that is down, of the loopback's IPv6 and MAC, or in upper case", () => {
    const absent = [
      "net_iface_eth1",
      "ipv4_10_9_9_9",
      "__1",
      "mac_00_00_00_00_00_00",
      "KVM_01",
      "Rack7",
      "hypervisor_xen",
    ];
    expect(absent.filter((name) => classes.has(name))).toEqual([]);
  });

  test("have no empty names where the host knows little of itself", () => {
    const poor = hardClasses({ ...facts, hostName: "vm", fqdn: "", aliases: [""], interfaces: [], hypervisors: [] });
    expect(poor.has("")).toBe(false);
    expect(poor.has("vm")).toBe(true);
  });
});

describe("time classes", () => {
  test.each([
    [0, 0, "Hr00 Q1 Min00_05 Night"],
    [5, 59, "Hr05 Q4 Min55_00 Night"],
    [6, 15, "Hr06 Q2 Min15_20 Morning"],
    [12, 44, "Hr12 Q3 Min40_45 Afternoon"],
    [18, 45, "Hr18 Q4 Min45_50 Evening"],
  ])("of %i:%i are %s", (hour, minute, names) => {
    const classes = hardClasses({ ...facts, localTime: { ...facts.localTime, hour, minute } });
    expect(names.split(" ").filter((name) => !classes.has(name))).toEqual([]);
  });
});

describe("classes in a policy", () => {
  const guest = (host: string) => `bundle agent main { guest_environments: "g" environment_host => "${host}"; }`;

  test("that differ from the host's only by case are warned of, with the right spelling", () => {
    const { diagnostics } = evaluate(guest("KVM_01"));
    expect(diagnostics).toMatchObject([{ severity: "warning", code: "POLICY_CLASS_CASE", hint: "kvm_01" }]);
  });

  test("are warned of in guards too, but not where the policy defines them itself", () => {
    const text = 'bundle agent main { classes: "Linux" expression => "nosuch"; reports: Linux:: "a"; Debian:: "b"; }';
    expect(evaluate(text).diagnostics).toMatchObject([{ code: "POLICY_CLASS_CASE", hint: "debian" }]);
  });

  test("that every libvirt host has through virbr0 are warned of as environment_host", () => {
    const { diagnostics, promises } = evaluate(guest("ipv4_192_168_122_1"));
    expect(diagnostics).toMatchObject([{ severity: "warning", code: "GUEST_HOST_NOT_UNIQUE" }]);
    expect(promises).toMatchObject([{ hostHolds: true }]);
  });

  test("come from the caller too, and can be taken away", () => {
    const more = { extraClasses: ["rack_a"], negatedClasses: ["linux"] };
    const text = 'bundle agent main { reports: rack_a.!linux:: "both"; }';
    expect(evaluate(text, {}, more).reports).toEqual(["both"]);
  });
});
