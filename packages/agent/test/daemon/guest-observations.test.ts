import type { ObservedDomain } from "@berth/model";
import { expect, test } from "vitest";
import { guestObservations } from "../../src/daemon/guest-observations.ts";

const domain = (differences: Partial<ObservedDomain>): ObservedDomain => ({
  ...{ name: "web1", uuid: "u", state: "running", persistent: true, autostart: false, managedSave: false },
  ...{ vcpus: { current: 1, maximum: 1 }, memoryKib: { current: 1024, maximum: 1024 } },
  ...differences,
});
const seen = (differences: Partial<ObservedDomain>) =>
  guestObservations([domain(differences)], () => ({ startedAtMs: 1 })).map(({ state }) => state);

test("a guest that crashed is off once its process is gone, and not while libvirt keeps it (on_crash=preserve)", () => {
  expect(seen({ state: "crashed", run: 7 })).toEqual(["paused"]);
  expect(seen({ state: "crashed" })).toEqual([]);
});

test("a guest in a state without a name may execute", () => {
  expect(seen({ state: "no-state", run: 7 })).toEqual(["running"]);
  expect(seen({ state: "shutting-down", run: 7 })).toEqual(["running"]);
});
