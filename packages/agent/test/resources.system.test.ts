/** `environment_resources` and `environment_interface` on real QEMU guests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost } from "../src/converge.ts";
import { fleetPolicy, type GuestLine } from "./fleet-policy.ts";
import { expectQuiet } from "./state-matrix.ts";

const images = "/var/lib/libvirt/images";
let libvirtd: PrivateLibvirtd;
let berth: BerthHost;
let folder: string;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  folder = mkdtempSync(join(tmpdir(), "berth-resources-"));
  const uris = { kvm: libvirtd.qemuUri() };
  berth = new BerthHost({
    config: { ...defaultConfig, uris, stateDir: join(folder, "state"), shutdownTimeoutMs: 200 },
  });
});
afterAll(async () => {
  await berth?.close();
  await libvirtd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function converge(...lines: GuestLine[]) {
  const file = join(folder, "policy.cf");
  writeFileSync(file, fleetPolicy(lines));
  const report = await berth.converge({ files: [file], ignoreLocks: true });
  expect(report.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(report.promises.filter(({ outcome }) => outcome === "failed").map(({ reason }) => reason)).toEqual([]);
  return report;
}

async function imageInfo(path: string) {
  const { stdout } = await libvirtd.run("qemu-img", "info", "-U", "--output=json", path);
  return JSON.parse(stdout) as { format: string; "virtual-size": number; "full-backing-filename"?: string };
}

test("a guest of processors and memory alone, without any XML, is built for this host and starts", async () => {
  const line = { name: "plain", type: "kvm", state: "create", resources: { env_cpus: "2", env_memory: "65536" } };
  await converge(line);
  expect(await libvirtd.virsh("domstate", "plain")).toBe("running");
  const xml = await libvirtd.virsh("dumpxml", "plain");
  expect(xml).toMatch(/<vcpu[^>]*>2<\/vcpu>/);
  expect(xml).toMatch(/<memory unit='KiB'>65536<\/memory>/);
  expect(xml).toMatch(/<serial|<console/);
  expectQuiet(await converge(line));
  await converge({ ...line, state: "delete" });
});

test("env_disk makes a qcow2 disk of that many MiB once, and delete keeps it", async () => {
  const line = {
    name: "disk",
    type: "kvm",
    state: "create",
    resources: { env_cpus: "1", env_memory: "65536", env_disk: "16" },
  };
  await converge(line);
  expect(await imageInfo(`${images}/disk.qcow2`)).toMatchObject({ format: "qcow2", "virtual-size": 16 * 1024 ** 2 });
  expect(await libvirtd.virsh("dumpxml", "disk")).toContain(`<source file='${images}/disk.qcow2'`);
  expect(await libvirtd.virsh("domstate", "disk")).toBe("running");
  expectQuiet(await converge(line));
  await libvirtd.run("qemu-img", "info", "-U", `${images}/disk.qcow2`);
  await converge({ ...line, state: "delete" });
  expect(await libvirtd.virsh("list", "--all", "--name")).not.toContain("disk");
  expect(await imageInfo(`${images}/disk.qcow2`)).toMatchObject({ "virtual-size": 16 * 1024 ** 2 });
});

test("env_baseline is the backing image of the new disk, which is as large unless env_disk says more", async () => {
  await libvirtd.run("mkdir", "-p", images);
  await libvirtd.run("qemu-img", "create", "-f", "qcow2", `${images}/base.qcow2`, "8M");
  const resources = { env_cpus: "1", env_memory: "65536", env_baseline: `${images}/base.qcow2` };
  await converge(
    { name: "same", type: "kvm", state: "create", resources },
    { name: "larger", type: "kvm", state: "create", resources: { ...resources, env_disk: "32" } },
  );
  const backing = { format: "qcow2", "full-backing-filename": `${images}/base.qcow2` };
  expect(await imageInfo(`${images}/same.qcow2`)).toMatchObject({ ...backing, "virtual-size": 8 * 1024 ** 2 });
  expect(await imageInfo(`${images}/larger.qcow2`)).toMatchObject({ ...backing, "virtual-size": 32 * 1024 ** 2 });
  expect(await libvirtd.virsh("domstate", "larger")).toBe("running");
  await converge({ name: "same", type: "kvm", state: "delete" }, { name: "larger", type: "kvm", state: "delete" });
});

test("environment_interface puts the guest on a network that the same policy promises, networks first", async () => {
  const lines = [
    {
      name: "wired",
      type: "kvm",
      state: "create",
      resources: { env_cpus: "1", env_memory: "65536" },
      interface: { env_network: "lan", env_addresses: '{ "192.0.2.10/24" }' },
    },
    {
      name: "lan",
      type: "kvm_net",
      state: "create",
      resources: { env_spec: "<network><name>lan</name><bridge name='lan0'/></network>" },
    },
  ];
  await converge(...lines);
  expect(await libvirtd.virsh("domstate", "wired")).toBe("running");
  expect(await libvirtd.virsh("domiflist", "wired")).toMatch(/network\s+lan\s+virtio/);
  expectQuiet(await converge(...lines));
  await converge(...lines.map((line) => ({ ...line, state: "delete" })));
});

test("processors are raised while the guest runs; what waits for the next start is pending and restarts nothing", async () => {
  const spec = (vcpus: number) => tinyGuestXml({ name: "grows", vcpus, vcpusMaximum: 4, memoryMib: 32 });
  const line = { name: "grows", type: "kvm", state: "running" };
  await converge({ ...line, resources: { env_spec: spec(1) } });
  const idBefore = await libvirtd.virsh("domid", "grows");
  const raised = await converge({ ...line, resources: { env_cpus: "3" } });
  expect(raised.promises[0]?.outcome).toBe("repaired");
  expect(await libvirtd.virsh("vcpucount", "grows", "--current", "--live")).toBe("3");
  expect(await libvirtd.virsh("vcpucount", "grows", "--current", "--config")).toBe("3");
  expectQuiet(await converge({ ...line, resources: { env_cpus: "3" } }));

  const more = { ...line, resources: { env_memory: "65536" } };
  const pending = await converge(more);
  expect(pending.promises[0]?.pending.map(({ tag }) => tag)).toContain("next boot");
  const again = await converge(more);
  expect(again.promises[0]).toMatchObject({ outcome: "kept", steps: [] });
  expect(await libvirtd.virsh("domid", "grows")).toBe(idBefore);
  await converge({ ...line, state: "down" }, { name: "other", type: "kvm", state: "down" });
  await converge(more);
  expect(await libvirtd.virsh("dumpxml", "grows")).toContain("<memory unit='KiB'>65536</memory>");
  await converge({ ...line, state: "delete" });
});

test("a display's password that policy does not state survives a changed definition, and no report shows it", async () => {
  const display = "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1' passwd='s3cret'/>";
  const shown = display.replace(" passwd='s3cret'", "");
  writeFileSync(join(folder, "secret.xml"), tinyGuestXml({ name: "secret", devices: display }));
  await libvirtd.virsh("define", join(folder, "secret.xml"));
  const line = (vcpus: number) => ({
    name: "secret",
    type: "kvm",
    state: "down",
    resources: { env_spec: tinyGuestXml({ name: "secret", vcpus, devices: shown }) },
  });
  expectQuiet(await converge(line(1)));
  const report = await converge(line(2));
  expect(report.promises[0]?.steps.map(({ step }) => step.kind)).toEqual(["define-domain"]);
  expect(JSON.stringify(report)).not.toContain("s3cret");
  const xml = await libvirtd.virsh("dumpxml", "--security-info", "secret");
  expect(xml).toContain("passwd='s3cret'");
  expect(xml).toMatch(/<vcpu[^>]*>2</);
  expectQuiet(await converge(line(2)));
  await converge({ ...line(2), state: "delete" });
});

test("a crashed guest whose process still stands is brought back", async () => {
  const panicking = tinyGuestXml({ name: "panics", devices: "<panic model='isa'/>" }).replace(
    "<on_crash>destroy</on_crash>",
    "<on_crash>preserve</on_crash>",
  );
  const line = { name: "panics", type: "kvm", state: "running", resources: { env_spec: panicking } };
  await converge(line);
  await libvirtd.virsh("inject-nmi", "panics").catch(() => undefined);
  await libvirtd.virsh("qemu-monitor-command", "panics", "--hmp", "o /1 0x505 1");
  while ((await libvirtd.virsh("domstate", "panics")) !== "crashed");
  const report = await converge(line);
  expect(report.promises[0]?.steps.map(({ step }) => step.kind)).toContain("destroy-domain");
  expect(await libvirtd.virsh("domstate", "panics")).toBe("running");
  expectQuiet(await converge(line));
  await converge({ name: "panics", type: "kvm", state: "delete" });
});
