/** The default profile, in which a fleet is founded: the power cut. */
import { describe, expect, it, vi } from "vitest";
import { Fleet } from "../support/fleet/fleet.ts";
import { guestsOn, Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and up to a minute where something is wrong.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe("with the default profile", () => {
  it("a guest runs elsewhere after a power cut of its host", async () => {
    await using fleet = await Fleet.start({ profile: "lan", guests: [{ name: "roam" }] });
    await fleet.settled(["roam"], { withinMs: 60_000 });
    const owner = await fleet.ownerOf("roam");
    const gone = await guestsOn(fleet, owner.name);
    const incident = await Incident.begin(fleet, `power cut of ${owner.name}`);
    incident.fault(await owner.powerCut());
    const { exactlyOneMs } = await incident.finish({ ended: gone });
    expect(exactlyOneMs).toBeGreaterThan(fleet.profile.fenceMs);
  });
});
