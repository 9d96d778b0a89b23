/** libvirt itself is the judge here: what it makes of a definition must show no difference, and take no second edit. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildDomain,
  descend,
  meaningfulDifferences,
  mergeDefinition,
  parseCapabilities,
  textOf,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd, startTestDriverLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyRomFile } from "../../../test/support/tiny-guest.ts";
import { deviceCorpus, networkCorpus, osCorpus, topCorpus } from "./support/definition-corpus.ts";
import { definitionPairs, root } from "./support/definition-pairs.ts";

let host: PrivateLibvirtd;
let light: PrivateLibvirtd;
let holder: ReturnType<typeof spawn>;
const folder = mkdtempSync(join(tmpdir(), "berth-round-trip-"));

beforeAll(async () => {
  tinyRomFile();
  mkdirSync("/tmp/berth-fixtures", { recursive: true });
  [host, light] = await Promise.all([startLibvirtd(), startTestDriverLibvirtd()]);
  // The test driver forgets everything when its last client goes.
  holder = spawn("virsh", ["-q", "-c", light.testUri()], { stdio: ["pipe", "pipe", "ignore"] });
  holder.stdin?.write("uri\n");
  await new Promise((resolve) => holder.stdout?.once("data", resolve));
  await host.run(
    "sh",
    "-c",
    "truncate -s 1M /tmp/berth-fixtures/data.img; cp -n /tmp/berth-tiny-guest/tiny.rom /tmp/berth-fixtures/vmlinuz",
  );
  await host.run(
    "sh",
    "-c",
    "[ -e /tmp/berth-fixtures/rich.qcow2 ] || qemu-img create -q -f qcow2 /tmp/berth-fixtures/rich.qcow2 16M",
  );
  await define(
    host,
    "net",
    "<network><name>default</name><ip address='192.168.122.1' netmask='255.255.255.0'/></network>",
  );
  await host.virsh("net-start", "default");
});

afterAll(async () => {
  holder?.kill();
  await Promise.all([host?.stop(), light?.stop()]);
  rmSync(folder, { recursive: true });
});

async function define(on: PrivateLibvirtd, kind: "net" | "domain", xml: string): Promise<void> {
  const file = join(folder, "definition.xml");
  writeFileSync(file, xml);
  await on.virsh(kind === "net" ? "net-define" : "define", "--validate", file);
}

async function dump(on: PrivateLibvirtd, kind: "net" | "domain", name: string): Promise<XmlElement> {
  return root(await on.virsh(kind === "net" ? "net-dumpxml" : "dumpxml", "--inactive", name));
}

function nameOf(definition: XmlElement): string {
  const name = descend(definition, "name");
  return name === undefined ? "" : textOf(name);
}

/** Defines `before`, merges `after` into it, defines that, and returns what then still differs. */
async function change(on: PrivateLibvirtd, kind: "net" | "domain", before: string, after: string) {
  const wanted = root(after);
  const name = nameOf(wanted);
  const words = kind === "net" ? "network" : "domain";
  await define(on, kind, before);
  const first = await dump(on, kind, name);
  const merged = mergeDefinition(words, wanted, first, true);
  await define(on, kind, writeXml(merged));
  const second = await dump(on, kind, name);
  await on.virsh(kind === "net" ? "net-undefine" : "undefine", name);
  const options = { view: "inactive", complete: true } as const;
  return {
    uuidBefore: textOf(descend(first, "uuid") ?? first),
    uuidAfter: textOf(descend(second, "uuid") ?? second),
    foundBefore: meaningfulDifferences(words, wanted, first, options).map((difference) => difference.path),
    left: meaningfulDifferences(words, wanted, second, options),
    first,
    second,
  };
}

/** The lines in any order: libvirt itself moves controllers about when it reads its own XML. */
function linesOf(definition: XmlElement): string[] {
  return writeXml(definition).split("\n").sort();
}

describe("a definition that was merged and defined again", () => {
  test.each(definitionPairs("qemu"))("is as wanted and stays the same guest: qemu $name", async ({ wanted }) => {
    const result = await change(host, "domain", wanted, wanted);
    expect(result.foundBefore).toEqual([]);
    expect(result.left).toEqual([]);
    expect(linesOf(result.second)).toEqual(linesOf(result.first));
  });

  test.each(definitionPairs("test"))("is as wanted and stays the same guest: test driver $name", async ({ wanted }) => {
    const result = await change(light, "domain", wanted, wanted);
    expect(result.left).toEqual([]);
    expect(linesOf(result.second)).toEqual(linesOf(result.first));
  });

  test.each(definitionPairs("network"))("is as wanted and stays the same network: $name", async ({ wanted }) => {
    const result = await change(host, "net", wanted, wanted);
    expect(result.left).toEqual([]);
    expect(linesOf(result.second)).toEqual(linesOf(result.first));
  });
});

describe("each feature of libvirt's XML, alone in a definition,", () => {
  /** Defines, dumps and undefines all in one process: one for each would take a minute. */
  async function roundTrip(kind: "net" | "domain", definitions: readonly string[]): Promise<XmlElement[]> {
    const prefix = kind === "net" ? "net-" : "";
    const commands = definitions.map((xml, index) => {
      const file = join(folder, `feature-${index}.xml`);
      writeFileSync(file, xml.replace("<name>x</name>", `<name>x${index}</name>`));
      const undefine = kind === "net" ? "net-undefine" : "undefine --nvram";
      return `${prefix}define --validate ${file}; ${prefix}dumpxml --inactive x${index}; echo @@@; ${undefine} x${index}`;
    });
    const output = (await host.virsh(commands.join("; "))).split("@@@").slice(0, -1);
    // Between the dumps stands what virsh says of define and undefine.
    return output.map((text) => root(text.slice(text.search(/<(?:domain|network)/), text.lastIndexOf(">") + 1)));
  }

  test("comes back without a difference and without anything to merge: domains", async () => {
    const wanted = [
      ...topCorpus.map((top) => corpusDomain(top, "", plainOs)),
      ...deviceCorpus.map((device) => corpusDomain("", device, plainOs)),
      ...osCorpus.map((os) => corpusDomain("", "", os)),
    ];
    const seen = await roundTrip("domain", wanted);
    expect(seen).toHaveLength(wanted.length);
    for (const [index, observed] of seen.entries()) {
      const definition = root(wanted[index] ?? "");
      expect(
        meaningfulDifferences("domain", definition, observed, { view: "inactive", complete: true }),
        wanted[index],
      ).toEqual([]);
      const merged = mergeDefinition("domain", definition, observed, true);
      if (!wanted[index]?.includes("passwd")) expect(writeXml(merged)).toBe(writeXml(observed));
    }
  });

  test("comes back without a difference and without anything to merge: networks", async () => {
    const seen = await roundTrip("net", networkCorpus);
    for (const [index, observed] of seen.entries()) {
      const definition = root(networkCorpus[index] ?? "");
      expect(
        meaningfulDifferences("network", definition, observed, { view: "inactive", complete: true }),
        networkCorpus[index],
      ).toEqual([]);
      expect(writeXml(mergeDefinition("network", definition, observed, true))).toBe(writeXml(observed));
    }
  });
});

const plainOs = "<os><type arch='x86_64' machine='q35'>hvm</type></os>";

function corpusDomain(top: string, devices: string, os: string): string {
  return `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory>${os}${top}<devices>${devices}</devices></domain>`;
}

const rich = definitionPairs("qemu").find((pair) => pair.name === "rich")?.wanted ?? "";
const richNetwork = definitionPairs("network").find((pair) => pair.name === "rich")?.wanted ?? "";

/** Each edit of policy, and the paths that must be found different. */
const edits: [string, (xml: string) => string, string[]][] = [
  ["more memory", (xml) => xml.replace("<memory unit='GB'>1<", "<memory unit='GiB'>2<"), ["memory"]],
  ["more processors", (xml) => xml.replace("<vcpu current='2'>4<", "<vcpu>6<"), ["vcpu", "vcpu@current"]],
  [
    "another machine",
    (xml) => xml.replace("'q35'", "'pc'").replace("bus='sata'", "bus='ide'").replace("'sda'", "'hda'"),
    ["os/type@machine", "devices/disk[hda]", "devices/disk[sda]"],
  ],
  [
    "a disk on another bus",
    (xml) => xml.replace("<target dev='vdb' bus='virtio'/>", "<target dev='vdb' bus='sata'/>"),
    ["devices/disk[vdb]/target@bus"],
  ],
  ["a disk taken out", (xml) => xml.replace(/<disk type='file' device='disk'>.*<\/disk>/, ""), ["devices/disk[vdb]"]],
  ["another disk image", (xml) => xml.replace("data.img", "data2.img"), ["devices/disk[vdb]/source@file"]],
  ["another boot order", (xml) => xml.replace("<boot dev='network'/>", ""), ["os/boot@dev", "os/boot"]],
  [
    "an interface more",
    (xml) =>
      xml.replace(
        "<interface type='user'/>",
        "<interface type='user'/><interface type='network'><source network='default'/></interface>",
      ),
    ["devices/interface"],
  ],
  [
    "another interface model",
    (xml) => xml.replace("<interface type='user'/>", "<interface type='user'><model type='e1000'/></interface>"),
    ["devices/interface/model@type"],
  ],
  ["another title", (xml) => xml.replace("A rich guest", "Rich &amp; famous"), ["title"]],
  [
    "another processor",
    (xml) => xml.replace("<cpu mode='host-model'/>", "<cpu mode='custom' match='exact'><model>qemu64</model></cpu>"),
    ["cpu@mode", "cpu@match", "cpu/model"],
  ],
  ["metadata", (xml) => xml.replace("ops<", "dev&#10;ops<"), ["metadata/app:note/app:owner"]],
  [
    "no balloon",
    (xml) => xml.replace(/<memballoon.*<\/memballoon>/, "<memballoon model='none'/>"),
    ["devices/memballoon@model"],
  ],
];

describe("an edit of policy on a real QEMU definition", () => {
  test.each(edits)("%s is found, and gone after the merged definition is defined", async (_title, edit, paths) => {
    expect(edit(rich)).not.toBe(rich);
    const result = await change(host, "domain", rich, edit(rich));
    expect(result.foundBefore).toEqual(paths);
    expect(result.left).toEqual([]);
    expect(result.uuidAfter).toBe(result.uuidBefore);
  });

  test("keeps the MAC that libvirt drew for an interface without one", async () => {
    const edit = rich.replace("<interface type='user'/>", "<interface type='user'><model type='e1000'/></interface>");
    const result = await change(host, "domain", rich, edit);
    const macs = (domain: XmlElement) => writeXml(domain).match(/<mac address='[^']*'/g);
    expect(macs(result.second)).toEqual(macs(result.first));
  });
});

const networkEdits: [string, (xml: string) => string, string[]][] = [
  ["another range", (xml) => xml.replace("150.200'", "150.220'"), ["ip/dhcp/range[192.168.150.100]@end"]],
  [
    "a host taken out",
    (xml) => xml.replace(/<host mac='52:54:00:00:00:02'[^>]*>/, ""),
    ["ip/dhcp/host[52:54:00:00:00:02]"],
  ],
  ["no forwarding", (xml) => xml.replace(/<forward .*<\/forward>/, ""), ["forward"]],
  [
    "netmask for prefix",
    (xml) => xml.replace("address='192.168.150.1' prefix='24'", "address='192.168.150.1' netmask='255.255.255.0'"),
    [],
  ],
  [
    "another netmask",
    (xml) => xml.replace("address='192.168.150.1' prefix='24'", "address='192.168.150.1' netmask='255.255.0.0'"),
    ["ip@netmask"],
  ],
];

describe("an edit of policy on a real network definition", () => {
  test.each(networkEdits)("%s is found as it should be, and gone afterwards", async (_title, edit, paths) => {
    expect(edit(richNetwork)).not.toBe(richNetwork);
    const result = await change(host, "net", richNetwork, edit(richNetwork));
    expect(result.foundBefore).toEqual(paths);
    expect(result.left).toEqual([]);
    expect(result.uuidAfter).toBe(result.uuidBefore);
  });
});

describe("a guest that is built from resources alone", () => {
  test.each(["kvm", "test"] as const)("starts as it stands: %s", async (type) => {
    const on = type === "kvm" ? host : light;
    const capabilities = parseCapabilities(await on.virsh("capabilities"));
    if (capabilities === undefined) throw new Error("no capabilities");
    const diskPath = "/var/lib/libvirt/images/built.qcow2";
    if (type === "kvm") {
      await host.run("sh", "-c", `mkdir -p /var/lib/libvirt/images; qemu-img create -q -f qcow2 ${diskPath} 16M`);
    }
    const built = buildDomain({
      name: "built",
      type,
      cpus: 2,
      memoryKib: 65536,
      diskPath,
      network: "default",
      interface: { addresses: ["192.0.2.7"], name: "built.example" },
      capabilities,
      identitySeed: "",
    });
    if (!built.ok) throw new Error(built.message);
    await define(on, "domain", writeXml(built.domain));
    await on.virsh("start", "built");
    expect(await on.virsh("domstate", "built")).toBe("running");
    for (const view of ["inactive", "active"] as const) {
      const xml = await on.virsh("dumpxml", ...(view === "inactive" ? ["--inactive"] : []), "built");
      const options = { view, complete: true };
      expect(meaningfulDifferences("domain", built.domain, root(xml), options)).toEqual([]);
    }
    await on.virsh("destroy", "built");
    await on.virsh("undefine", "built");
  });
});
