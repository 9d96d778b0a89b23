import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultConfig } from "../../src/config/berth-config.ts";
import { HostHypervisors } from "../../src/daemon/host-hypervisors.ts";
import { knownTypesPath } from "../../src/daemon/known-types.ts";

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
