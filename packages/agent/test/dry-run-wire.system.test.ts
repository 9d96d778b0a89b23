/** A dry run on a policy where everything must change, watched on the wire between the process and libvirtd. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PrivateLibvirtd, startLibvirtd } from "../../../test/support/libvirtd.ts";
import { type RecordingProxy, startRecordingProxy } from "../../../test/support/recording-proxy.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { type BerthConfig, defaultConfig } from "../src/config/berth-config.ts";
import { BerthHost } from "../src/converge.ts";
import { fleetPolicy } from "./fleet-policy.ts";

/** Procedures that leave everything as it is. Source: libvirt's `src/remote/remote_protocol.x`, numbers and `@acl`. */
const readingProcedures: Readonly<Record<number, string>> = {
  1: "CONNECT_OPEN",
  2: "CONNECT_CLOSE",
  3: "CONNECT_GET_TYPE",
  4: "CONNECT_GET_VERSION",
  6: "NODE_GET_INFO",
  7: "CONNECT_GET_CAPABILITIES",
  14: "DOMAIN_GET_XML_DESC",
  15: "DOMAIN_GET_AUTOSTART",
  16: "DOMAIN_GET_INFO",
  23: "DOMAIN_LOOKUP_BY_NAME",
  24: "DOMAIN_LOOKUP_BY_UUID",
  43: "NETWORK_GET_XML_DESC",
  44: "NETWORK_GET_AUTOSTART",
  46: "NETWORK_LOOKUP_BY_NAME",
  59: "CONNECT_GET_HOSTNAME",
  60: "CONNECT_SUPPORTS_FEATURE",
  66: "AUTH_LIST",
  88: "STORAGE_POOL_GET_XML_DESC",
  97: "STORAGE_VOL_LOOKUP_BY_PATH",
  110: "CONNECT_GET_URI",
  150: "DOMAIN_IS_ACTIVE",
  151: "DOMAIN_IS_PERSISTENT",
  152: "NETWORK_IS_ACTIVE",
  153: "NETWORK_IS_PERSISTENT",
  157: "CONNECT_GET_LIB_VERSION",
  183: "DOMAIN_HAS_MANAGED_SAVE_IMAGE",
  212: "DOMAIN_GET_STATE",
  273: "CONNECT_LIST_ALL_DOMAINS",
  281: "CONNECT_LIST_ALL_STORAGE_POOLS",
  283: "CONNECT_LIST_ALL_NETWORKS",
  313: "CONNECT_NETWORK_EVENT_REGISTER_ANY",
  314: "CONNECT_NETWORK_EVENT_DEREGISTER_ANY",
  316: "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY",
  317: "CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY",
  344: "CONNECT_GET_ALL_DOMAIN_STATS",
};

let libvirtd: PrivateLibvirtd;
let recorder: RecordingProxy;
let folder: string;
let config: BerthConfig;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-dry-"));
  libvirtd = await startLibvirtd();
  recorder = await startRecordingProxy(libvirtd.socketPath);
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
      { name: "shown", type: "kvm", state: "create", resources: { env_spec: shown(32) } },
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
      { name: "shown", type: "kvm", state: "create", resources: { env_spec: shown(48) } },
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
  await recorder?.[Symbol.asyncDispose]();
  await libvirtd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function network(name: string): string {
  return `<network><name>${name}</name><bridge name='${name}'/></network>`;
}

/** With a display, whose password libvirt tells only to a connection that may change things: Berth then has one. */
function shown(memoryMib: number): string {
  return tinyGuestXml({
    name: "shown",
    memoryMib,
    devices: "<graphics type='vnc' port='-1' passwd='secret'/><video><model type='none'/></video>",
  });
}

const changingCalls = () => recorder.procedures.filter((procedure) => readingProcedures[procedure] === undefined);

test("a dry run sends only reading procedures, and the pass after it changes what the dry run said", async () => {
  await using before = new BerthHost({ config });
  expect((await before.converge({ files: [join(folder, "before.cf")], ignoreLocks: true })).counts.failed).toBe(0);
  expect(changingCalls().length).toBeGreaterThan(5);
  const everythingBefore = await libvirtd.virsh("list", "--all");

  recorder.clear();
  await using host = new BerthHost({ config });
  const options = { files: [join(folder, "after.cf")], ignoreLocks: true, explain: true };
  const planned = await host.converge({ ...options, dryRun: true });
  expect(planned.promises.map(({ name, steps }) => [name, steps.length > 0])).toEqual(
    planned.promises.map(({ name }) => [name, true]),
  );
  expect(new Set(planned.promises.map(({ outcome }) => outcome))).toEqual(new Set(["skipped"]));
  expect(recorder.procedures.length).toBeGreaterThan(10);
  expect(changingCalls()).toEqual([]);
  const connectOpen = 1;
  expect(recorder.procedures.filter((procedure) => procedure === connectOpen).length).toBe(2);
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
