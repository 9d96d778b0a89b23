import { expect, test } from "vitest";
import { fleetHosts } from "../../src/daemon/fleet-hosts.ts";
import type { FleetMember, MemberDocument } from "../../src/fleet/member-document.ts";

const member = (hostId: string, change: Partial<FleetMember> = {}): FleetMember => ({
  ...{ hostId, peerId: `peer-${hostId}`, addresses: [], role: "voter", disk: `disk-${hostId}`, hypervisor: true },
  ...change,
});
const list = (...members: FleetMember[]): MemberDocument => ({
  ...{ fleet: "f", number: 1, fleetKey: "", rotations: [], signature: "" },
  members,
});

test("a member's classes are its qualified and its short name, as CFEngine writes them", () => {
  expect(fleetHosts(list(member("KVM-01.dc1.Example.com")))).toEqual([
    { host: "KVM-01.dc1.Example.com", hypervisor: true, classes: ["kvm_01_dc1_example_com", "kvm_01"] },
  ]);
});

test("a witness and an observer run no guests", () => {
  const told = fleetHosts(list(member("w", { hypervisor: false }), member("o", { role: "observer" }), member("h")));
  expect(told.map(({ host, hypervisor }) => [host, hypervisor])).toEqual([
    ["w", false],
    ["o", false],
    ["h", true],
  ]);
});
