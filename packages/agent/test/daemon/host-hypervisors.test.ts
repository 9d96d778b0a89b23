import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentError } from "../../src/agent-error.ts";
import { defaultConfig } from "../../src/config/berth-config.ts";
import { HostHypervisors } from "../../src/daemon/host-hypervisors.ts";
import { knownTypesPath } from "../../src/daemon/known-types.ts";
import type { Hypervisor, LifecycleEvent } from "../../src/ports/hypervisor.ts";

let stateDir = "";
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "berth-hypervisors-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const open = (differences = {}) =>
  new HostHypervisors({ config: { ...defaultConfig, stateDir, ...differences } }, () => {});

test("a hypervisor that was ever used is looked at from the start of the next life on", () => {
  const first = open();
  expect(first.uris).toEqual(["qemu:///system"]);
  first.use(["kvm", "xen"]);
  expect(readFileSync(knownTypesPath(stateDir), "utf8")).toBe("kvm\nxen\n");
  expect(open().uris).toEqual(["qemu:///system", "xen:///system"]);
});

test("hypervisors that the dead-man does not watch are named", () => {
  const both = open();
  both.use(["kvm", "xen"]);
  expect(both.unwatched).toEqual(["xen:///system"]);
  expect(open({ embedded: true }).unwatched).toEqual([]);
});

test("events that could not be subscribed to are subscribed to at the next occasion", async () => {
  let asked = 0;
  const listeners: ((event: LifecycleEvent) => void)[] = [];
  const hypervisor = {
    alive: true,
    onLifecycle: async (listener: (event: LifecycleEvent) => void) => {
      asked += 1;
      if (asked === 1) throw new AgentError("HYPERVISOR_LOST", "the deadline passed");
      listeners.push(listener);
    },
  } as unknown as Hypervisor;
  const heard: string[] = [];
  const hypervisors = new HostHypervisors(
    { config: { ...defaultConfig, stateDir }, openHypervisor: async () => hypervisor },
    ({ domain }) => heard.push(domain),
  );
  await expect(hypervisors.calm("qemu:///system")).rejects.toThrow("the deadline passed");
  await hypervisors.calm("qemu:///system");
  await hypervisors.calm("qemu:///system");
  for (const listener of listeners) listener({ domain: "web1", uuid: "", change: "started" });
  expect(heard).toEqual(["web1"]);
});
