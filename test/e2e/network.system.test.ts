/** The network between the hosts fails in every way that a bridge can: the side without a majority pauses. */
import { grantMs } from "@berth/claims";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { between } from "../support/fleet/fabric.ts";
import { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { executingOn } from "../support/fleet/run-record.ts";
import { guestsOn, Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and minutes where something is wrong or the machine is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start({ guests: [{ name: "roam" }, { name: "pair", host: "h1|h2" }] });
});

afterAll(async () => {
  await fleet?.stop();
});

function othersThan(host: FleetHost): readonly string[] {
  return fleet.hosts.map(({ name }) => name).filter((name) => name !== host.name);
}

/** Waits until none of the guests that were there executes on the host, and each executes on another. */
async function taken(guests: readonly string[], from: FleetHost): Promise<void> {
  await fleet.until(
    `${guests.join(", ")} elsewhere than on ${from.name}`,
    (record) => guests.every((guest) => othersThan(from).includes(executingOn(record, guest).join())),
    { withinMs: 30_000 },
  );
}

const namesOf = (texts: readonly string[]) => texts.map((text) => text.split(" ")[0] ?? "");

describe("exactly one copy", () => {
  it.each<[string, (owner: string, others: readonly string[]) => readonly { from: string; to: string }[]]>([
    ["cut off from both others", (owner, others) => between([owner], others)],
    ["heard by nobody (one-way)", (owner, others) => others.map((to) => ({ from: owner, to }))],
    ["deaf (one-way)", (owner, others) => others.map((from) => ({ from, to: owner }))],
  ])(
    "when its host is %s: pauses there, is taken over, and the paused copy goes down after the heal",
    async (how, cuts) => {
      const owner = await fleet.ownerOf("pair");
      const there = await guestsOn(fleet, owner.name);
      const incident = await Incident.begin(fleet, `${owner.name} ${how}`);
      incident.fault(await fleet.cut(cuts(owner.name, othersThan(owner))));
      await taken(namesOf(there), owner);
      await fleet.heal();
      await incident.finish({ ended: there, withinMs: 40_000 });
    },
  );

  it("when another host is cut off: the owner's side has the majority and goes on", async () => {
    const owner = await fleet.ownerOf("pair");
    const other = othersThan(owner).find((name) => name !== "h3") ?? "";
    const incident = await Incident.begin(fleet, `${other} cut off, pair on ${owner.name}`);
    incident.fault(await fleet.partition([other], othersThan(fleet.host(other))));
    await fleet.pass(grantMs(fleet.profile) + 2_000);
    await fleet.heal();
    await incident.finish({ undisturbed: ["pair"], withinMs: 40_000 });
  });

  it("when only two of three hosts are cut apart: the third hears both, and nobody has to pause", async () => {
    const incident = await Incident.begin(fleet, "h1 and h2 cut apart, h3 hears both");
    incident.fault(await fleet.partition(["h1"], ["h2"]));
    await fleet.pass(grantMs(fleet.profile) + 2_000);
    await fleet.heal();
    await incident.finish({ undisturbed: fleet.guests });
  });

  it("when the link of its host flaps", async () => {
    const owner = await fleet.ownerOf("pair");
    const incident = await Incident.begin(fleet, `link of ${owner.name} flaps`);
    incident.fault();
    for (let round = 0; round < 6; round += 1) {
      await fleet.partition([owner.name], othersThan(owner));
      await fleet.pass(round % 2 === 0 ? 700 : fleet.profile.fenceMs);
      await fleet.heal();
      await fleet.pass(400);
    }
    // Whether it moved depends on the beat.
    await incident.finish({ withinMs: 40_000 });
  });

  it("when every link fails: all pause, and after the heal all go on where they were", async () => {
    const incident = await Incident.begin(fleet, "total outage");
    incident.fault(await fleet.cut(between(["h1"], ["h2", "h3"]).concat(between(["h2"], ["h3"]))));
    await fleet.until("everybody pauses", (r) => fleet.guests.every((guest) => executingOn(r, guest).length === 0), {
      withinMs: 20_000,
    });
    await fleet.pass(grantMs(fleet.profile));
    incident.fault(await fleet.heal());
    await incident.finish();
  });
});
