/** Pairs of what policy wants and what libvirt made of it, and the rules of comparison and merge one by one. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildDomain,
  ComparisonCache,
  domainSize,
  guestMac,
  guestUuid,
  meaningfulDifferences,
  mergeDefinition,
  normalUuid,
  parseCapabilities,
  withGuestIdentity,
  writeXml,
} from "@berth/domain-xml";
import { describe, expect, test } from "vitest";
import { definitionPairs, fixturesFolder, root } from "./support/definition-pairs.ts";

const inactive = { view: "inactive", complete: true } as const;
const active = { view: "active", complete: true } as const;

describe("what libvirt filled in never counts", () => {
  const pairs = (["qemu", "test", "network"] as const).flatMap(definitionPairs);

  test.each(pairs)("$driver $name, as the next start uses it", (pair) => {
    const kind = pair.driver === "network" ? "network" : "domain";
    expect(meaningfulDifferences(kind, root(pair.wanted), root(pair.inactive), inactive)).toEqual([]);
  });

  test.each(pairs.filter((pair) => pair.active !== undefined))("$driver $name, as it runs", (pair) => {
    const kind = pair.driver === "network" ? "network" : "domain";
    expect(meaningfulDifferences(kind, root(pair.wanted), root(pair.active ?? ""), active)).toEqual([]);
  });

  test.each(pairs.filter((pair) => pair.active !== undefined && pair.driver === "qemu"))(
    "a running guest's XML pasted into policy: $name, but for the memory that QEMU rounded up and the processor it was given",
    (pair) => {
      const found = meaningfulDifferences("domain", root(pair.active ?? ""), root(pair.inactive), inactive);
      expect(found.map((one) => one.path).filter((path) => !/^(memory|currentMemory|cpu.*)$/.test(path))).toEqual([]);
    },
  );

  test.each(pairs)("$driver $name: libvirt's own XML as policy, in any order of its elements", (pair) => {
    const kind = pair.driver === "network" ? "network" : "domain";
    const observed = root(pair.inactive);
    const turned = { ...observed, children: observed.children.toReversed() };
    expect(meaningfulDifferences(kind, turned, observed, inactive)).toEqual([]);
  });
});

const base = "<memory>524288</memory><os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>";
const domain = (inside: string) => root(`<domain type='kvm'><name>g</name>${inside}</domain>`);
const found = (
  wanted: string,
  observed: string,
  options: { view: "inactive" | "active"; complete: boolean } = inactive,
) =>
  meaningfulDifferences("domain", domain(wanted), domain(observed), options).map(
    (one) => `${one.path}: ${one.wanted} / ${one.observed}`,
  );

describe("the same in another spelling", () => {
  test.each([
    ["memory in MiB", "<memory unit='MiB'>512</memory>", "<memory unit='KiB'>524288</memory>"],
    ["memory in bytes", "<memory unit='bytes'>536870912</memory>", "<memory>524288</memory>"],
    [
      "the machine alias pc",
      "<os><type machine='pc'>hvm</type></os>",
      "<os><type machine='pc-i440fx-7.2'>hvm</type></os>",
    ],
    [
      "the machine alias q35",
      "<os><type machine='q35'>hvm</type></os>",
      "<os><type machine='pc-q35-7.2'>hvm</type></os>",
    ],
    [
      "a MAC in capitals",
      "<devices><interface><mac address='AA:BB:CC:00:00:01'/></interface></devices>",
      "<devices><interface><mac address='aa:bb:cc:00:00:01'/></interface></devices>",
    ],
    [
      "a decimal PCI slot",
      "<devices><rng><address slot='10'/></rng></devices>",
      "<devices><rng><address slot='0x0a'/></rng></devices>",
    ],
    ["a list of processors", "<vcpu cpuset='0-3,^1'>2</vcpu>", "<vcpu cpuset='0,2-3'>2</vcpu>"],
    ["linux for xen", "<os><type>linux</type></os>", "<os><type>xen</type></os>"],
    ["an empty container", "<features/><metadata/>", ""],
    [
      "a chosen port",
      "<devices><graphics type='vnc' port='-1' autoport='yes'/></devices>",
      "<devices><graphics type='vnc' port='5903'/></devices>",
    ],
    ["an alias of libvirt's", "<devices><rng><alias name='rng0'/></rng></devices>", "<devices><rng/></devices>"],
  ])("is no difference: %s", (_title, wanted, observed) => {
    expect(found(wanted, observed)).toEqual([]);
  });
});

describe("a difference is found", () => {
  const disk = (dev: string, file: string) =>
    `<disk type='file'><source file='${file}'/><target dev='${dev}' bus='virtio'/></disk>`;

  test.each([
    [
      "memory, with its unit",
      "<memory unit='MiB'>513</memory>",
      "<memory unit='KiB'>524288</memory>",
      ["memory: 513 MiB / 524288 KiB"],
    ],
    [
      "an exact machine",
      "<os><type machine='pc-i440fx-6.0'>hvm</type></os>",
      "<os><type machine='pc-i440fx-7.2'>hvm</type></os>",
      ["os/type@machine: pc-i440fx-6.0 / pc-i440fx-7.2"],
    ],
    ["processors that were unplugged by hand", "<vcpu>4</vcpu>", "<vcpu current='2'>4</vcpu>", ["vcpu@current: 4 / 2"]],
    [
      "a disk at its own name, wherever it stands",
      `<devices>${disk("vda", "a")}${disk("vdb", "b")}</devices>`,
      `<devices>${disk("vdb", "x")}${disk("vda", "a")}</devices>`,
      ["devices/disk[vdb]/source@file: b / x"],
    ],
    [
      "a disk that policy does not list",
      `<devices>${disk("vda", "a")}</devices>`,
      `<devices>${disk("vda", "a")}${disk("vdb", "b")}</devices>`,
      ["devices/disk[vdb]: undefined / file=b"],
    ],
    [
      "a disk that is missing",
      `<devices>${disk("vda", "a")}</devices>`,
      "<devices/>",
      ["devices/disk[vda]: file=a / undefined"],
    ],
    [
      "an alias of the user's",
      "<devices><rng><alias name='ua-x'/></rng></devices>",
      "<devices><rng/></devices>",
      ["devices/rng/alias: name=ua-x / undefined"],
    ],
    [
      "a text that only looks like a number",
      "<devices><disk><target dev='vda'/><serial>0123</serial></disk></devices>",
      "<devices><disk><target dev='vda'/><serial>123</serial></disk></devices>",
      ["devices/disk[vda]/serial: 0123 / 123"],
    ],
  ])("%s", (_title, wanted, observed, expected) => {
    expect(found(wanted, observed)).toEqual(expected);
  });

  test("but policy that says nothing of devices wants none taken out", () => {
    expect(found("<memory>524288</memory>", `<memory>524288</memory><devices>${disk("vda", "a")}</devices>`)).toEqual(
      [],
    );
    const partial = { view: "inactive", complete: false } as const;
    expect(
      found(
        `<devices>${disk("vda", "a")}</devices>`,
        `<devices>${disk("vda", "a")}${disk("vdb", "b")}</devices>`,
        partial,
      ),
    ).toEqual([]);
  });

  test("in a running guest, rounded memory and a balloon that went its own way are none", () => {
    const wanted = "<memory>524289</memory><currentMemory>262144</currentMemory>";
    expect(found(wanted, "<memory>525312</memory><currentMemory>525312</currentMemory>", active)).toEqual([]);
    expect(found(wanted, "<memory>525312</memory><currentMemory>525312</currentMemory>")).toHaveLength(2);
  });

  test("takes effect live for processors and the balloon, else at the next boot", () => {
    const all = meaningfulDifferences(
      "domain",
      domain("<vcpu current='2'>4</vcpu><currentMemory>1024</currentMemory><title>x</title>"),
      domain("<vcpu>4</vcpu><currentMemory>2048</currentMemory>"),
      inactive,
    );
    expect(all.map((one) => `${one.path} ${one.takesEffect}`)).toEqual([
      "vcpu@current live",
      "currentMemory live",
      "title next boot",
    ]);
  });
});

describe("a merged definition", () => {
  const merged = (wanted: string, observed: string) =>
    writeXml(mergeDefinition("domain", domain(wanted), domain(observed), true));

  test("grows its balloon with its memory, unless policy states the balloon", () => {
    const observed = `<memory unit='KiB'>524288</memory><currentMemory unit='KiB'>524288</currentMemory>${base.slice(base.indexOf("<os>"))}`;
    const os = "<os><type>hvm</type></os>";
    expect(merged(`<memory unit='GiB'>1</memory>${os}`, observed)).not.toContain("currentMemory");
    expect(merged(`<memory unit='GiB'>1</memory>${os}`, observed)).toContain("<memory unit='GiB'>1</memory>");
    expect(merged(`<memory unit='MiB'>512</memory>${os}`, observed)).toContain(
      "<currentMemory unit='KiB'>524288</currentMemory>",
    );
  });

  test("has policy's text where libvirt's means something else, and libvirt's where it means the same", () => {
    const os = "<os><type machine='pc'>hvm</type></os>";
    expect(merged(`<memory unit='MiB'>512</memory>${os}`, base)).toBe(writeXml(domain(base)));
  });

  test("keeps UUID and MAC when the machine changes, and no address", () => {
    const observed = `<uuid>11111111-2222-4333-8444-555555555555</uuid>${base}<devices><interface type='network'><mac address='52:54:00:00:00:01'/><source network='a'/><address slot='0x03'/></interface></devices>`;
    const text = merged(
      "<memory>524288</memory><os><type machine='q35'>hvm</type></os><devices><interface type='network'><source network='a'/></interface></devices>",
      observed,
    );
    expect(text).toContain("<uuid>11111111-2222-4333-8444-555555555555</uuid>");
    expect(text).toContain("<mac address='52:54:00:00:00:01'/>");
    expect(text).not.toContain("slot");
  });
});

describe("identity", () => {
  test("is the same for the same name and seed, and differs otherwise", () => {
    expect(guestUuid("web1", "")).toBe(guestUuid("web1", ""));
    const uuids = new Set(["web1", "web2", "1web"].flatMap((name) => [guestUuid(name, ""), guestUuid(name, "lab")]));
    expect(uuids.size).toBe(6);
    expect(new Set([guestMac("web1", 0, ""), guestMac("web1", 1, ""), guestMac("web1", 0, "lab")]).size).toBe(3);
  });

  test("is a version 8 UUID and a unicast address of the local kind", () => {
    for (let index = 0; index < 200; index += 1) {
      expect(guestUuid(`g${index}`, "")).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      expect(guestMac(`g${index}`, 0, "")).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    }
  });

  test("meets no other in a fleet of 10,000 guests", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `guest-${index}`);
    expect(new Set(names.map((name) => guestMac(name, 0, ""))).size).toBe(10_000);
  });

  test("is filled in only where policy states none", () => {
    const devices = "<devices><interface/><interface><mac address='02:00:00:00:00:01'/></interface></devices>";
    const text = writeXml(withGuestIdentity(domain(devices), "g", ""));
    expect(text).toContain(`<uuid>${guestUuid("g", "")}</uuid>`);
    expect(text).toContain(`<mac address='${guestMac("g", 0, "")}'/>`);
    expect(text).toContain("<mac address='02:00:00:00:00:01'/>");
  });

  test.each(["5A0C5F0F4D1E4C4B8B8A0123456789AB", " 5a0c5f0f-4d1e-4c4b-8b8a-0123456789ab "])(
    "reads %j as a UUID",
    (text) => {
      expect(normalUuid(text)).toBe("5a0c5f0f-4d1e-4c4b-8b8a-0123456789ab");
    },
  );
});

describe("a guest that is built", () => {
  const capabilities = (driver: string) => {
    const read = parseCapabilities(readFileSync(join(fixturesFolder, driver, "capabilities.xml"), "utf8"));
    if (read === undefined) throw new Error("no capabilities");
    return read;
  };
  const build = (type: "kvm" | "test" | "xen" | "esx", host = capabilities("qemu")) =>
    buildDomain({
      name: "g",
      type,
      cpus: 2,
      diskPath: "/images/g.qcow2",
      network: "lan",
      capabilities: host,
      identitySeed: "",
    });

  test("uses KVM where the host has it, else emulation with a warning", () => {
    const host = capabilities("qemu");
    const built = build("kvm", host);
    expect(built.ok && writeXml(built.domain)).toContain("<domain type='kvm'>");
    const guests = host.guests.map((kind) => ({ ...kind, domains: kind.domains.filter((one) => one.type !== "kvm") }));
    const slow = build("kvm", { ...host, guests });
    expect(slow.ok && writeXml(slow.domain)).toContain("<domain type='qemu'>");
    expect(slow.ok && slow.warnings).toEqual(["the host has no KVM: the guest is emulated, slowly"]);
  });

  test("is what a person would write", async () => {
    const built = build("kvm");
    await expect(built.ok ? writeXml(built.domain) : "").toMatchFileSnapshot("golden/built-kvm.xml");
  });

  test("is plainer for the test driver, and refused where the host or the type cannot have it", () => {
    const built = build("test", capabilities("test"));
    expect(built.ok && writeXml(built.domain)).toContain("<type arch='i686'>hvm</type>");
    expect(build("xen")).toMatchObject({ ok: false, code: "CAPABILITIES_UNUSABLE" });
    expect(build("esx")).toMatchObject({ ok: false, code: "NEEDS_SPEC" });
  });
});

test("the size of a domain is what libvirt means by its elements", () => {
  expect(
    domainSize(
      domain("<memory unit='MiB'>512</memory><vcpu current='2'>4</vcpu><devices><memballoon model='none'/></devices>"),
    ),
  ).toEqual({
    vcpusMaximum: 4,
    vcpusCurrent: 2,
    memoryKib: 524288,
    currentMemoryKib: 524288,
    balloon: false,
  });
});

test("a cache answers from the texts it saw, and computes again for others", () => {
  const cache = new ComparisonCache();
  let computed = 0;
  const ask = (...texts: string[]) => cache.remember("domain g", texts, () => ++computed);
  expect([ask("a", "b"), ask("a", "b"), ask("a", "c"), ask("a", "b"), ask("a")]).toEqual([1, 1, 2, 3, 4]);
  cache.retain((key) => key !== "domain g");
  expect(cache.size).toBe(0);
});
