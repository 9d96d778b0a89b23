import { expect, test } from "vitest";
import { reachableAddresses } from "../../src/fleet/addresses.ts";

const address = (on: string, text: string, internal = false) => ({
  ...{ on, address: text, internal },
  family: text.includes(":") ? "IPv6" : "IPv4",
});
const own = [
  address("lo", "127.0.0.1", true),
  address("eth0", "192.0.2.7"),
  address("eth0", "fe80::1"),
  address("br0", "198.51.100.7"),
  address("virbr0", "192.168.122.1"),
  address("docker0", "172.17.0.1"),
  address("br-0123456789ab", "172.18.0.1"),
];

test("a host that listens everywhere is told where others can reach it, and not where everybody would find himself", () => {
  expect(reachableAddresses(["/ip4/0.0.0.0/tcp/7946"], own)).toEqual([
    "/ip4/192.0.2.7/tcp/7946",
    "/ip4/198.51.100.7/tcp/7946",
  ]);
  expect(reachableAddresses(["/ip6/::/tcp/7946"], own)).toEqual([]);
});

test("what was asked for by name is told as it is, any port is not", () => {
  expect(reachableAddresses(["/ip4/192.168.122.1/tcp/7946", "/ip4/192.0.2.7/tcp/0"], own)).toEqual([
    "/ip4/192.168.122.1/tcp/7946",
  ]);
});
