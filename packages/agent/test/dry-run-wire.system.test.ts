/** A dry run on a policy where everything must change, watched on the wire between the process and libvirtd. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { type BerthConfig, defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost } from "../src/converge.ts";
import { fleetPolicy } from "./fleet-policy.ts";
import { readingProcedures, recordWire, type WireRecorder } from "./wire-recorder.ts";

let libvirtd: PrivateLibvirtd;
let recorder: WireRecorder;
let folder: string;
let config: BerthConfig;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-dry-"));
  libvirtd = await startLibvirtd();
  recorder = await recordWire(libvirtd.socketPath);
  config = {
    ...defaultConfig,
    uris: { kvm: `qemu+unix:///system?socket=${recorder.socketPath}` },
    stateDir: join(folder, "state"),
    shutdownTimeoutMs: 100,
  };
  for (const name of ["off", "changed"]) {
    writeFileSync(join(folder, `${name}.xml`), tinyGuestXml({ name }));
    await libvirtd.virsh("define", join(folder, `${name}.xml`));
  }
  writeFileSync(
    join(folder, "before.cf"),
    fleetPolicy([
      { name: "runs", type: "kvm", state: "create", resources: { env_spec: tinyGuestXml({ name: "runs" }) } },
      { name: "sleeps", type: "kvm", state: "suspended", resources: { env_spec: tinyGuestXml({ name: "sleeps" }) } },
      { name: "old", type: "kvm", state: "create", resources: { env_spec: tinyGuestXml({ name: "old" }) } },
      { name: "net-old", type: "kvm_net", state: "create", resources: { env_spec: network("net-old") } },
    ]),
  );
  writeFileSync(
    join(folder, "after.cf"),
    fleetPolicy([
      { name: "runs", type: "kvm", state: "down" },
      { name: "sleeps", type: "kvm", state: "running" },
      { name: "off", type: "kvm", state: "running" },
      { name: "old", type: "kvm", state: "delete" },
      {
        name: "changed",
        type: "kvm",
        state: "suspended",
        resources: { env_spec: tinyGuestXml({ name: "changed", vcpus: 2 }) },
      },
      { name: "new", type: "kvm", state: "create", resources: { env_spec: tinyGuestXml({ name: "new" }) } },
      {
        name: "built",
        type: "kvm",
        state: "create",
        resources: { env_cpus: "1", env_memory: "32768", env_disk: "10" },
      },
      { name: "net-old", type: "kvm_net", state: "delete" },
      { name: "net-new", type: "kvm_net", state: "create", resources: { env_spec: network("net-new") } },
    ]),
  );
});
afterAll(async () => {
  await recorder?.close();
  await libvirtd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function network(name: string): string {
  return `<network><name>${name}</name><bridge name='${name}'/></network>`;
}

const changingCalls = () => recorder.calls.filter((procedure) => readingProcedures[procedure] === undefined);

test("a dry run sends only reading procedures, and the pass after it changes what the dry run said", async () => {
  await using before = new BerthHost({ config });
  expect((await before.converge({ files: [join(folder, "before.cf")], ignoreLocks: true })).counts.failed).toBe(0);
  expect(changingCalls().length).toBeGreaterThan(5);
  const everythingBefore = await libvirtd.virsh("list", "--all");

  recorder.calls.length = 0;
  await using host = new BerthHost({ config });
  const options = { files: [join(folder, "after.cf")], ignoreLocks: true, explain: true };
  const planned = await host.converge({ ...options, dryRun: true });
  expect(planned.promises.map(({ name, steps }) => [name, steps.length > 0])).toEqual(
    planned.promises.map(({ name }) => [name, true]),
  );
  expect(new Set(planned.promises.map(({ outcome }) => outcome))).toEqual(new Set(["skipped"]));
  expect(recorder.calls.length).toBeGreaterThan(10);
  expect(changingCalls()).toEqual([]);
  expect(await libvirtd.virsh("list", "--all")).toBe(everythingBefore);

  const performed = await host.converge(options);
  expect(performed.promises.map(({ name, outcome }) => [name, outcome])).toEqual(
    planned.promises.map(({ name }) => [name, "repaired"]),
  );
  const stepsOf = (report: typeof planned) =>
    report.promises.map(({ name, steps }) => [name, steps.map(({ step }) => step.kind)]);
  expect(stepsOf(performed)).toEqual(stepsOf(planned));
  expect(changingCalls().length).toBeGreaterThan(10);
});
