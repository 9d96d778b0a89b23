/** What people do with virsh behind Berth's back, and what was there before Berth. */
import { grantMs } from "@berth/claims";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { uuidOf } from "../support/fleet/fleet-policy.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import { executingOn, overlapMs, presentOn, timeToExactlyOne } from "../support/fleet/run-record.ts";
import { tickingGuestXml } from "../support/fleet/ticking-guest.ts";
import { endsOf, Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and minutes where something is wrong or the machine is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let fleet: Fleet;
const xml = tickingGuestXml({ name: "g1", uuid: uuidOf("g1") });

function anotherThan(host: FleetHost): FleetHost {
  const other = fleet.hosts.find(({ name }) => name !== host.name);
  if (other === undefined) throw new Error("there is no other host");
  return other;
}

describe("by hand on the wrong host", () => {
  beforeAll(async () => {
    fleet = await Fleet.start({ guests: [{ name: "g1" }] });
  });

  afterAll(async () => {
    await fleet?.stop();
  });

  it("a start is refused by the hook with a sentence that names the owner; without the hook it is suspended", async () => {
    const owner = await fleet.ownerOf("g1");
    const wrong = anotherThan(owner);
    const refused = await Incident.begin(fleet, `start by hand on ${wrong.name}, hook there`);
    const refusal = await wrong.createByHand(xml).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(refusal).toContain(owner.name);
    await refused.finish({ undisturbed: ["g1"] });

    wrong.setHook(false);
    await wrong.libvirtd.stopDaemon();
    await wrong.libvirtd.startDaemon();
    const bare = await Incident.begin(fleet, `start by hand on ${wrong.name}, no hook there`);
    await wrong.createByHand(xml);
    bare.fault();
    await bare.finish({ undisturbed: ["g1"], on: [owner.name], ended: [`g1 on ${wrong.name}`], overlapMaxMs: 3_000 });
    wrong.setHook(true);
  });

  it("a resume of the copy that was paused when its host was cut off is taken back at once", async () => {
    const owner = await fleet.ownerOf("g1");
    const others = fleet.hosts.map(({ name }) => name).filter((name) => name !== owner.name);
    const incident = await Incident.begin(fleet, `resume by hand on ${owner.name}, cut off`);
    await fleet.partition([owner.name], others);
    await fleet.until("g1 is elsewhere", (r) => others.includes(executingOn(r, "g1").join()), { withinMs: 30_000 });
    await owner.libvirtd.virsh("resume", "g1");
    incident.fault();
    await fleet.until("g1 is only elsewhere again", (r) => executingOn(r, "g1").length === 1, { withinMs: 10_000 });
    await fleet.pass(grantMs(fleet.profile));
    await fleet.heal();
    await incident.finish({ on: others, ended: [`g1 on ${owner.name}`], overlapMaxMs: 1_000, withinMs: 40_000 });
  });
});

describe("a guest that ran on two hosts before Berth was started", () => {
  it("goes on where it ran longest, without a pause, and the other copy is suspended and taken down", async () => {
    await using fleet = await Fleet.start({ guests: [{ name: "g1" }], berth: false });
    const [h1, h2] = [fleet.host("h1"), fleet.host("h2")];
    // The hook would ask an agent that does not run yet.
    for (const host of [h1, h2]) {
      host.setHook(false);
      await host.libvirtd.stopDaemon();
      await host.libvirtd.startDaemon();
    }
    await h2.createByHand(xml);
    await fleet.until("g1 runs on h2", (r) => executingOn(r, "g1").join() === "h2", { withinMs: 10_000 });
    await fleet.pass(2_000);
    await h1.createByHand(xml);
    await fleet.until("g1 runs twice", (r) => overlapMs(r.spans) > 500, { withinMs: 10_000 });
    const sinceMs = nowMs();
    await fleet.startBerth();
    await fleet.until("one copy is left", (r) => presentOn(r, "g1").length === 1, { withinMs: 60_000 });
    const record = await fleet.settled(["g1"], { withinMs: 30_000 });
    const since = await fleet.recorder.look(sinceMs);
    const one = timeToExactlyOne(since, "g1", sinceMs);
    console.log(
      `e2e ${fleet.profile.name} | on two hosts before the agents start: exactly one ${one?.toFixed(0)} ms after the start of the agents`,
    );
    expect(executingOn(record, "g1")).toEqual(["h2"]);
    expect(record.spans.filter(({ host }) => host === "h2")).toHaveLength(1);
    expect(endsOf(since, sinceMs)).toEqual(["g1 on h1"]);
  });
});
