/** The default profile, in which a fleet is founded: the power cut. */
import { describe, expect, it, vi } from "vitest";
import { Fleet } from "../support/fleet/fleet.ts";
import { guestsOn, Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and minutes where something is wrong or the machine is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe("with the default profile", () => {
  it("a guest runs elsewhere after a power cut of its host", async () => {
    await using fleet = await Fleet.start({ profile: "lan", guests: [{ name: "roam" }] });
    await fleet.settled(["roam"], { withinMs: 120_000 });
    const owner = await fleet.ownerOf("roam");
    const gone = await guestsOn(fleet, owner.name);
    const incident = await Incident.begin(fleet, `power cut of ${owner.name}`);
    incident.fault(await owner.powerCut());
    const { exactlyOneMs } = await incident.finish({ ended: gone });
    expect(exactlyOneMs).toBeGreaterThan(fleet.profile.fenceMs);
  });
});
