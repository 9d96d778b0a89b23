import type { ObservedDomain } from "@berth/model";
import { describe, expect, test } from "vitest";
import { guestMeans, type MeansContext } from "../../src/daemon/guest-means.ts";
import { guestPromise } from "../guest-promise.ts";

const domain = (name: string, persistent: boolean): ObservedDomain => ({
  ...{ name, uuid: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", state: "shutoff", persistent, autostart: false },
  ...{ managedSave: false, vcpus: { current: 1, maximum: 1 }, memoryKib: { current: 1024, maximum: 2048 } },
});
const context = (differences: Partial<MeansContext> = {}): MeansContext => ({
  ...{ hypervisorUp: true, looked: true, domains: new Map(), travelled: () => undefined, identitySeed: "" },
  ...differences,
});
const standing = () => guestPromise("db1", { state: "running" });

describe("what a host has for a guest", () => {
  test("whose definition policy leaves open: nothing, until one is there or has travelled here", () => {
    expect(guestMeans(standing(), context()).definable).toBe(false);
    expect(guestMeans(standing(), context({ domains: new Map([["db1", domain("db1", true)]]) }))).toEqual({
      ...{ reachable: true, definable: true, uuid: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", memoryKib: 2048 },
    });
    const xml = "<domain><memory unit='MiB'>4</memory></domain>";
    expect(guestMeans(standing(), context({ travelled: () => ({ uuid: "u", xml }) }))).toEqual({
      ...{ reachable: true, definable: true, uuid: "u", memoryKib: 4096 },
    });
  });

  test("while its hypervisor is away, is enough where it runs, and not where it is off", () => {
    const away = (state: ObservedDomain["state"]) =>
      context({ hypervisorUp: false, domains: new Map([["db1", { ...domain("db1", true), state }]]) });
    expect(guestMeans(standing(), away("running")).reachable).toBe(true);
    expect(guestMeans(standing(), away("paused")).reachable).toBe(true);
    expect(guestMeans(standing(), away("shutoff")).reachable).toBe(false);
    expect(guestMeans(standing(), context({ hypervisorUp: false, looked: false })).reachable).toBe(true);
  });

  test("is not held against it before the hypervisors were looked at: an owner must not begin to leave", () => {
    expect(guestMeans(standing(), context({ looked: false })).definable).toBe(true);
  });

  test("that is there for a moment only is no definition", () => {
    const transient = new Map([["db1", domain("db1", false)]]);
    expect(guestMeans(standing(), context({ domains: transient })).definable).toBe(false);
  });

  test("that can be built is always to be had, under the same UUID everywhere", () => {
    const built = () => guestPromise("web1", { resources: { memoryKib: 512 } });
    const means = guestMeans(built(), context());
    expect(means).toMatchObject({ definable: true, memoryKib: 512 });
    expect(guestMeans(built(), context({ looked: false })).uuid).toBe(means.uuid);
  });
});
