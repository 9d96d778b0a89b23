import { hostname } from "node:os";
import { expect, test } from "vitest";
import { readHostFacts } from "../src/host-facts/host-facts.ts";
import { ownNames, parseHostsFile, qualifiedName } from "../src/host-facts/hosts-file.ts";
import { defaultGateway } from "../src/host-facts/network-facts.ts";
import { parseOsRelease } from "../src/host-facts/os-release.ts";
import { readTextOrUndefined } from "../src/host-facts/read-text.ts";

const hosts = parseHostsFile(`# addresses
127.0.0.1\tlocalhost
10.1.2.3  KVM-01.dc1.Example.com KVM-01 vmhost # this one
10.1.2.4 other.example.com other
fd00::1 six

lonely
`);

test("the hosts file gives names, with comments, blanks and broken lines left out", () => {
  expect(hosts.map(({ address, names }) => [address, ...names])).toEqual([
    ["127.0.0.1", "localhost"],
    ["10.1.2.3", "KVM-01.dc1.Example.com", "KVM-01", "vmhost"],
    ["10.1.2.4", "other.example.com", "other"],
    ["fd00::1", "six"],
  ]);
});

test("only names of own addresses are aliases", () => {
  expect(ownNames(hosts, new Set(["10.1.2.3", "fd00::1"]))).toEqual([
    "KVM-01.dc1.Example.com",
    "KVM-01",
    "vmhost",
    "six",
  ]);
});

test.each([
  ["kvm-01", "KVM-01.dc1.Example.com"],
  ["vmhost", undefined],
  ["unknown", undefined],
  ["h.example.org", "h.example.org"],
])("the qualified name of %s is %s", (name, qualified) => {
  expect(qualifiedName(name, hosts)).toBe(qualified);
});

test("the default gateway is the little-endian address of the route to everywhere", () => {
  const header = "Iface\tDestination\tGateway\tFlags\n";
  expect(defaultGateway(`${header}eth0\t000200C0\t00000000\t0001\neth0\t00000000\t010200C0\t0003\n`)).toBe("192.0.2.1");
  expect(defaultGateway(header)).toBeUndefined();
  expect(defaultGateway("")).toBeUndefined();
});

test.each([
  [
    'PRETTY_NAME="x"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
    { id: "debian", versionId: "12", codename: "bookworm" },
  ],
  ["ID='opensuse-leap'\n", { id: "opensuse-leap" }],
  ["NAME=x\n", undefined],
])("os-release %j is read", (text, expected) => {
  expect(parseOsRelease(text)).toEqual(expected);
});

test("this host's facts are complete, and both clocks tell the same moment", () => {
  const now = new Date("2026-11-22T16:43:07Z");
  const facts = readHostFacts("/var/lib/berth", { hypervisors: ["kvm"] }, now);
  expect(facts.hostName).toBe(hostname());
  expect(facts.interfaces.find(({ name }) => name === "lo")).toMatchObject({ up: true });
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.gmtTime).toEqual({ year: 2026, month: 11, day: 22, weekday: 0, hour: 16, minute: 43, second: 7 });
  expect(facts.localTime.second).toBe(7);
  expect(facts.epochSeconds).toBe(now.getTime() / 1000);
  expect(facts.hypervisors).toEqual(["kvm"]);
});

test("a file that cannot be read just now is not taken for an absent one: the host's classes stay as they are", () => {
  expect(readTextOrUndefined("/no/such/file")).toBeUndefined();
  // The kernel answers EIO for the first page of a process, which nobody has mapped.
  expect(() => readTextOrUndefined("/proc/self/mem")).toThrow(/cannot be read now: EIO/);
});
