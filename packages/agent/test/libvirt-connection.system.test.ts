/** What a process with many passes lives through: warm passes, changes by others, and libvirtd going away. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd, startTestDriverLibvirtd } from "../../../test/support/libvirtd.ts";
import { startRecordingProxy } from "../../../test/support/recording-proxy.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { type BerthConfig, defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost } from "../src/converge.ts";
import { hostClasses } from "../src/policy-load.ts";
import { fleetPolicy, type GuestLine } from "./fleet-policy.ts";
import { expectQuiet } from "./state-matrix.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-connection-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const configWith = (uris: BerthConfig["uris"]): BerthConfig => ({ ...defaultConfig, uris, stateDir: folder });

function converge(host: BerthHost, lines: readonly GuestLine[]) {
  const file = join(folder, "policy.cf");
  writeFileSync(file, fleetPolicy(lines));
  return host.converge({ files: [file], ignoreLocks: true });
}

const guests = (count: number, type: "kvm" | "test"): GuestLine[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `guest-${index}`;
    return { name, type, state: "create", resources: { env_spec: tinyGuestXml({ name, type }) } };
  });

test("a warm pass makes eight calls, however many guests there are, and a cold one two more for each", async () => {
  await using libvirtd = await startTestDriverLibvirtd();
  await using proxy = await startRecordingProxy(libvirtd.socketPath);
  const uri = `test+unix:///default?socket=${proxy.socketPath}`;
  await using host = new BerthHost({ config: configWith({ test: uri }) });
  for (const count of [5, 50]) {
    await converge(host, guests(count, "test"));
    await using fresh = new BerthHost({ config: configWith({ test: uri }) });
    proxy.clear();
    expectQuiet(await converge(fresh, guests(count, "test")));
    const dumpXml = 14;
    expect(proxy.procedures.filter((procedure) => procedure === dumpXml).length).toBe(2 * count);
    proxy.clear();
    expectQuiet(await converge(fresh, guests(count, "test")));
    expect(proxy.procedures.length).toBe(8);
  }
});

test("what libvirt refuses to tell of one guest fails that guest alone, with libvirt's reason", async () => {
  await using libvirtd = await startTestDriverLibvirtd();
  await using keeper = new BerthHost({ config: configWith({ test: libvirtd.testUri() }) });
  await converge(keeper, guests(3, "test"));
  const [dumpXml, unknownFlag] = [14, 0x40000000];
  await using proxy = await startRecordingProxy(libvirtd.socketPath, {
    alter: (frame, procedure) => {
      if (procedure === dumpXml && frame.includes("guest-1")) frame.writeUInt32BE(unknownFlag, frame.length - 4);
    },
  });
  await using host = new BerthHost({ config: configWith({ test: `test+unix:///default?socket=${proxy.socketPath}` }) });
  const report = await converge(host, guests(3, "test"));
  expect(report.promises.map(({ name, outcome }) => [name, outcome])).toEqual([
    ["guest-0", "kept"],
    ["guest-1", "failed"],
    ["guest-2", "kept"],
  ]);
  expect(report.promises[1]?.reason).toContain("unsupported flags (0x40000000)");
});

test("a warm pass sees what somebody else defined, started or stopped meanwhile", async () => {
  await using libvirtd = await startTestDriverLibvirtd();
  await using host = new BerthHost({ config: configWith({ test: libvirtd.testUri() }) });
  const lines = guests(3, "test");
  await converge(host, lines);
  expectQuiet(await converge(host, lines));
  const uuid = (await libvirtd.virsh("domuuid", "guest-0")).trim();
  const changed = join(folder, "changed.xml");
  writeFileSync(changed, tinyGuestXml({ name: "guest-0", type: "test", uuid, vcpus: 4 }));
  await libvirtd.virsh("define", changed);
  await libvirtd.virsh("destroy", "guest-1");
  const report = await converge(host, lines);
  expect(report.promises.map(({ name, steps }) => [name, steps.map(({ step }) => step.kind)])).toEqual([
    ["guest-0", ["define-domain"]],
    ["guest-1", ["start-domain"]],
    ["guest-2", []],
  ]);
  expectQuiet(await converge(host, lines));
});

test("guests that ignore the request to shut down are waited for all at once", async () => {
  await using libvirtd = await startLibvirtd();
  const config = { ...configWith({ kvm: libvirtd.qemuUri() }), shutdownTimeoutMs: 1500 };
  await using host = new BerthHost({ config });
  const lines = guests(10, "kvm");
  await converge(host, lines);
  const log: string[] = [];
  const file = join(folder, "down.cf");
  writeFileSync(file, fleetPolicy(lines.map((line) => ({ ...line, state: "down" }))));
  const report = await host.converge({
    files: [file],
    onEvent: (event) => {
      if (event.kind === "step") log.push(event.report === undefined ? "begins" : "ends");
    },
  });
  expect(report.counts).toMatchObject({ repaired: 10, failed: 0 });
  expect(log.slice(0, 11)).toEqual([...Array.from({ length: 10 }, () => "begins"), "ends"]);
});

test("the classes of a host tell its libvirt and the hypervisors that answer, and a remote one is not asked", async () => {
  await using libvirtd = await startLibvirtd();
  const uris = { kvm: libvirtd.qemuUri(), test: libvirtd.uri("test:///default"), xen: libvirtd.uri("xen:///system") };
  const classes = await hostClasses(configWith({ ...uris, esx: "esx://192.0.2.1/" }), ["from_flag"]);
  const version = (await libvirtd.virsh("version", "--daemon")).match(/daemon: (\S+)/)?.[1] ?? "";
  expect(classes).toContain(`libvirt_${version.replaceAll(".", "_")}`);
  expect(["kvm_host", "test_host", "xen_host", "esx_host"].map((name) => classes.has(name))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(classes).toContain("from_flag");
});

test("esx goes to the host that is configured, and libvirt says why it cannot be reached", async () => {
  await using libvirtd = await startLibvirtd();
  const esx = libvirtd.uri("esx://192.0.2.1/?no_verify=1");
  await using host = new BerthHost({ config: configWith({ esx }) });
  const report = await converge(host, [{ name: "remote", type: "esx", state: "down" }]);
  expect(report.promises[0]?.failure).toMatchObject({
    code: "HYPERVISOR_UNREACHABLE",
    message: expect.stringContaining("esx"),
  });
});

test("while libvirtd is away the pass fails with the reason; when it is back the next one finds its guests running", async () => {
  await using libvirtd: PrivateLibvirtd = await startLibvirtd();
  await using host = new BerthHost({ config: configWith({ kvm: libvirtd.qemuUri() }) });
  const lines = guests(2, "kvm");
  await converge(host, lines);
  const idBefore = await libvirtd.virsh("domid", "guest-0");
  await libvirtd.stopDaemon("SIGKILL");
  const away = await converge(host, lines);
  expect(away.counts.failed).toBe(2);
  expect(away.promises[0]?.failure?.code).toMatch(/^HYPERVISOR_(UNREACHABLE|LOST)$/);
  expect((await converge(host, lines)).promises[0]?.failure?.code).toBe("HYPERVISOR_UNREACHABLE");
  await libvirtd.startDaemon();
  expectQuiet(await converge(host, lines));
  expect(await libvirtd.virsh("domid", "guest-0")).toBe(idBefore);
});
