import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fleetPolicy } from "../fleet-policy.ts";
import { DaemonFleet } from "./daemon-fleet.ts";
import { builtGuest, standingGuest } from "./daemon-guests.ts";

describe("three agents with embedded hypervisors", () => {
  test("each guest runs on exactly one host, and on another one when that host loses power", async () => {
    const names = ["web1", "web2", "web3"];
    await using fleet = await DaemonFleet.start({ guests: names.map((name) => builtGuest(name)) });
    const before = await fleet.settled(names);
    const victim = before.get("web1") ?? "";
    await fleet.cutPower(victim);
    const after = await fleet.settled(names);
    expect([...after.values()]).not.toContain(victim);
  });

  test("a guest whose definition stands on its owner only is taken over with that definition", async () => {
    const uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
    await using fleet = await DaemonFleet.start({ guests: [], policy: fleetPolicy([]) });
    await fleet.define("h1", "db1", uuid, { memoryMib: 48 });
    await fleet.perform("h1", { kind: "start-domain", domain: "db1", paused: false, discardSave: false });
    fleet.writePolicy(fleetPolicy([standingGuest("db1")]));
    await fleet.until(
      () => fleet.snapshot("h2").claims.guests.find(({ guest }) => guest === "db1")?.claim?.owner,
      "h1",
    );
    await fleet.until(() => fleet.definition("h2", "db1")?.uuid, uuid);
    await fleet.cutPower("h1");
    const [place] = [...(await fleet.settled(["db1"])).values()];
    const { domains } = await fleet.hypervisor(place ?? "").hypervisor.observe();
    expect(domains).toMatchObject([{ name: "db1", uuid, memoryKib: { maximum: 48 * 1024 } }]);
  });

  test("a definition that its owner changed is the one that the next owner starts", async () => {
    const uuid = "6ba7b811-9dad-41d1-80b4-00c04fd430c8";
    const agent = () => ({ passPeriodSeconds: 1 });
    await using fleet = await DaemonFleet.start({ guests: [], policy: fleetPolicy([]), agent });
    for (const host of ["h1", "h2", "h3"]) await fleet.define(host, "db1", uuid, { memoryMib: 48 });
    await fleet.perform("h1", { kind: "start-domain", domain: "db1", paused: false, discardSave: false });
    fleet.writePolicy(fleetPolicy([standingGuest("db1")]));
    await fleet.until(
      () => fleet.snapshot("h2").claims.guests.find(({ guest }) => guest === "db1")?.claim?.owner,
      "h1",
    );
    await fleet.define("h1", "db1", uuid, { memoryMib: 96 });
    await fleet.until(() => fleet.definition("h2", "db1")?.xml.includes("98304") ?? false, true);
    await fleet.until(() => fleet.definition("h3", "db1")?.xml.includes("98304") ?? false, true);
    await fleet.cutPower("h1");
    const [place] = [...(await fleet.settled(["db1"])).values()];
    const { domains } = await fleet.hypervisor(place ?? "").hypervisor.observe();
    expect(domains).toMatchObject([{ name: "db1", memoryKib: { maximum: 96 * 1024 } }]);
  });
});

describe("a drained host", () => {
  test("hands its guests over and takes none until it is undrained", async () => {
    const names = ["web1", "web2", "web3", "web4"];
    await using fleet = await DaemonFleet.start({ guests: names.map((name) => builtGuest(name)) });
    const before = await fleet.settled(names);
    const drained = before.get("web1") ?? "";
    fleet.agent(drained).operate({ kind: "drain" });
    await fleet.until(async () => [...(await fleet.settled(names)).values()].includes(drained), false);
    expect(fleet.snapshot(drained).draining).toBe(true);
    await fleet.stopAgent(drained);
    await fleet.startAgent(drained);
    expect(fleet.snapshot(drained).draining).toBe(true);
    fleet.agent(drained).operate({ kind: "undrain" });
    expect(fleet.snapshot(drained).draining).toBe(false);
  });
});

describe("a start by hand", () => {
  test("on a host that does not own the guest is suspended and taken down, and the owner's copy runs on", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const other = fleet.hosts.find(({ host }) => host !== owner)?.host ?? "";
    const xml = await fleet.definitionOf(owner, "web1");
    await fleet.perform(other, { kind: "define-domain", domain: "web1", xml });
    await fleet.perform(other, { kind: "start-domain", domain: "web1", paused: false, discardSave: false });
    await fleet.until(() => fleet.runningOn("web1"), [owner]);
    await fleet.until(async () => (await fleet.stateOn(other, "web1")) ?? "absent", "shutoff");
    expect(await fleet.runningOn("web1")).toEqual([owner]);
  });

  test("is refused beforehand where libvirt asks, with a sentence that names the owner", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const other = fleet.hosts.find(({ host }) => host !== owner)?.host ?? "";
    await fleet.until(
      () => fleet.snapshot(other).claims.guests.find(({ guest }) => guest === "web1")?.claim?.owner,
      owner,
    );
    const sentence = `web1 is owned by ${owner}, not by ${other}: start it there, or move it here with \`berth release web1 --to ${other}\``;
    expect(fleet.agent(other).hook("web1", "prepare")).toEqual({ kind: "refused", sentence });
    expect(fleet.agent(owner).hook("web1", "prepare")).toEqual({ kind: "allowed" });
    expect(fleet.agent(other).hook("unpromised", "prepare")).toEqual({ kind: "allowed" });
  });
});

describe("a restart of the agent", () => {
  test("freezes its claims: the guest runs on untouched, under the same claim", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const claimOf = () => fleet.snapshot(owner).claims.guests.find(({ guest }) => guest === "web1")?.claim;
    const before = claimOf();
    const pauses = await fleet.watch(owner, "web1");
    await fleet.stopAgent(owner);
    await fleet.startAgent(owner);
    await fleet.until(() => fleet.snapshot(owner).claims.leaseRemainingMs > 0, true);
    await fleet.until(
      () => fleet.snapshot(owner).claims.guests.find(({ guest }) => guest === "web1")?.phase,
      "running",
    );
    expect(claimOf()).toMatchObject({ owner, epoch: before?.epoch, inc: before?.inc });
    expect(pauses()).toEqual([]);
  });
});

describe("a bad policy", () => {
  const bad = "bundle agent broken { this is no policy";

  test("leaves the last good one in force, and a good one replaces it", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const { digest } = fleet.snapshot(owner).policy;
    fleet.writePolicy(bad);
    await fleet.until(() => fleet.snapshot(owner).policy.bad, true);
    expect(fleet.snapshot(owner).policy).toMatchObject({ digest, promises: [{ name: "web1" }] });
    expect(fleet.snapshot(owner).policy.diagnostics.map(({ severity }) => severity)).toContain("error");
    expect(await fleet.runningOn("web1")).toEqual([owner]);
    fleet.writePolicy(fleetPolicy([builtGuest("web1", { state: "down" })]));
    await fleet.until(() => fleet.runningOn("web1"), []);
    expect(fleet.snapshot(owner).policy.bad).toBe(false);
  });

  test("at the start promises nothing, and what the host owns runs on as it is", async () => {
    await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")] });
    const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
    const pauses = await fleet.watch(owner, "web1");
    await fleet.stopAgent(owner);
    fleet.writePolicy(bad, owner);
    await fleet.startAgent(owner);
    await fleet.until(() => fleet.snapshot(owner).claims.leaseRemainingMs > 0, true);
    await fleet.until(() => fleet.snapshot(owner).observation !== undefined, true);
    expect(fleet.snapshot(owner).policy).toMatchObject({ generation: 0, bad: true, promises: [] });
    // Longer than a lease: what was not renewed or not protected would have gone by now.
    await fleet.until(() => fleet.snapshot(owner).upMs > 4_000, true);
    expect(await fleet.runningOn("web1")).toEqual([owner]);
    expect(pauses()).toEqual([]);
    writeFileSync(fleet.host(owner).config.policyPath, fleetPolicy([builtGuest("web1", { state: "down" })]));
    await fleet.until(() => fleet.runningOn("web1"), []);
  });
});
