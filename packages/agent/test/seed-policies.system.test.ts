/** The four policies that this project began with, word for word and fixed, against a real libvirtd. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { defaultConfig } from "../src/config/berth-config.ts";
import type { PassReport } from "../src/pass-report.ts";
import { passInside } from "./inside-pass.ts";
import { expectQuiet } from "./state-matrix.ts";

const seed = (name: string) => new URL(`../../../test/fixtures/seed/${name}`, import.meta.url).pathname;
let libvirtd: PrivateLibvirtd;
let folder: string;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  folder = mkdtempSync(join(tmpdir(), "berth-seed-"));
  // The XML file that example 1 names, where only the private host sees it.
  await libvirtd.run("mount", "-t", "tmpfs", "tmpfs", "/srv");
  await libvirtd.run("mkdir", "-p", "/srv/xen");
  const xml = "<domain type='xen'><name>myUbuntu</name><memory>131072</memory><os><type>linux</type></os></domain>";
  writeFileSync(join(folder, "spec.xml"), xml);
  await libvirtd.run("cp", join(folder, "spec.xml"), "/srv/xen/centos5-libvirt-create.xml");
});
afterAll(async () => {
  await libvirtd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const config = () => ({ ...defaultConfig, stateDir: join(folder, "state"), shutdownTimeoutMs: 200 });
const pass = (file: string, ...classes: string[]) =>
  passInside(libvirtd, config(), { files: [seed(file)], classes, ignoreLocks: true });
const findings = (report: PassReport, severity: string) =>
  report.diagnostics.filter((diagnostic) => diagnostic.severity === severity);
const outcomes = (report: PassReport) =>
  Object.fromEntries(report.promises.map(({ name, outcome }) => [name, outcome]));

test.each(["example1.cf", "example1.fixed.cf"])(
  "%s is accepted, and libvirt says why xen is not served here",
  async (file) => {
    const report = await pass(file, "my_physical_computer");
    expect(findings(report, "error")).toEqual([]);
    expect(outcomes(report)).toEqual({ myUbuntu: "failed" });
    expect(report.hypervisors).toMatchObject([{ type: "xen", uri: "xen:///system", reachable: false }]);
    expect(report.promises[0]?.failure).toMatchObject({ code: "HYPERVISOR_UNREACHABLE" });
    expect(report.promises[0]?.reason).toMatch(/^xen:\/\/\/system: .*(driver|connect|libxl|xenstore)/i);
  },
);

test("example1.cf is warned to write env_spec", async () => {
  const warnings = findings(await pass("example1.cf"), "warning");
  expect(warnings.map(({ message, position }) => `${position.line} ${message}`).join("\n")).toMatch(
    /^15 .*env_spec\b/m,
  );
});

test.each([
  ["example2.cf", 8],
  ["example4.cf", 11],
])("%s is refused on line %i, and nothing is done", async (file, line) => {
  const report = await pass(file, "ubuntu", "myphysicalcomputer");
  expect(findings(report, "error").map(({ position }) => position.line)).toContain(line);
  expect(report.promises).toEqual([]);
  expect(report.hypervisors).toEqual([]);
});

test("example2.fixed.cf is accepted, and libvirt says why xen is not served here", async () => {
  const report = await pass("example2.fixed.cf", "myphysicalcomputer");
  expect(findings(report, "error")).toEqual([]);
  expect(outcomes(report)).toEqual({ myUbuntu: "failed" });
  expect(report.promises[0]?.failure).toMatchObject({ code: "HYPERVISOR_UNREACHABLE" });
});

test("example3.cf suspends, runs, powers down and deletes existing guests, and then has nothing to do", async () => {
  for (const [index, wanted] of ["running", "shut off", "running", "running", "paused"].entries()) {
    const name = `bishwa-kvm${index + 1}`;
    const file = join(folder, `${name}.xml`);
    writeFileSync(file, tinyGuestXml({ name, vcpus: 2 }));
    await libvirtd.virsh("define", file);
    if (wanted !== "shut off") await libvirtd.virsh("start", name);
    if (wanted === "paused") await libvirtd.virsh("suspend", name);
  }
  const report = await pass("example3.cf", "ubuntu");
  expect(findings(report, "error")).toEqual([]);
  expect(
    findings(report, "warning")
      .map(({ message }) => message)
      .join("\n"),
  ).toContain("host_licenses_paid");
  expect(new Set(Object.values(outcomes(report)))).toEqual(new Set(["repaired"]));
  const states = (await libvirtd.virsh("list", "--all")).split("\n").map((line) => line.trim().replace(/^\S+\s+/, ""));
  expect(
    states
      .map((line) => line.replace(/\s+/g, " "))
      .filter((line) => line.startsWith("bishwa"))
      .toSorted(),
  ).toEqual(["bishwa-kvm1 paused", "bishwa-kvm2 running", "bishwa-kvm3 shut off", "bishwa-kvm5 running"]);
  expectQuiet(await pass("example3.cf", "ubuntu"));
});

test("example3.cf without the class of its hosts takes running guests down, and says so", async () => {
  const name = "bishwa-kvm2";
  const report = await pass("example3.cf");
  const running = report.promises.find((promise) => promise.name === name);
  expect(running?.here).toContain("down, for class ubuntu does not hold here");
  expect(await libvirtd.virsh("domstate", name)).toBe("shut off");
});

test("example4.fixed.cf makes a network that is defined, active and started with the host", async () => {
  const report = await pass("example4.fixed.cf", "ubuntu");
  expect(findings(report, "error")).toEqual([]);
  expect(report.promises.map(({ name, outcome, reason }) => [name, outcome, reason.includes("failed")])).toEqual([
    ["cfvrnet1", "repaired", false],
  ]);
  const info = await libvirtd.virsh("net-info", "cfvrnet1");
  expect(info).toMatch(/Active:\s+yes/);
  expect(info).toMatch(/Persistent:\s+yes/);
  expect(info).toMatch(/Autostart:\s+yes/);
  expect(info).toMatch(/Bridge:\s+virbr1/);
  expectQuiet(await pass("example4.fixed.cf", "ubuntu"));
});
