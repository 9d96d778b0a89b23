/** Where guests run, and what becomes of them when their host or a part of Berth on it fails. */
import { grantMs } from "@berth/claims";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { executingOn, overlapMs, presentOn } from "../support/fleet/run-record.ts";
import { guestsOn, Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and minutes where something is wrong or the machine is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let fleet: Fleet;
const promised = ["lone", "pair", "roam"];

beforeAll(async () => {
  fleet = await Fleet.start({
    guests: [
      { name: "lone", host: "h1" },
      { name: "pair", host: "h1|h2" },
      { name: "roam" },
      { name: "nowhere", host: "no_such_host" },
    ],
  });
});

afterAll(async () => {
  await fleet?.stop();
});

/** Longer than any voter keeps a lease. */
const wellBeyond = () => grantMs(fleet.profile) + 2_000;

function othersThan(host: FleetHost): readonly string[] {
  return fleet.hosts.map(({ name }) => name).filter((name) => name !== host.name);
}

async function degradedOn(host: FleetHost): Promise<readonly string[]> {
  return (await host.snapshot()).degraded;
}

describe("a class", () => {
  it("that one host has, several, all or none: each guest runs on exactly one of them, or nowhere", async () => {
    const record = await fleet.settled(promised, { withinMs: 120_000 });
    expect(executingOn(record, "lone")).toEqual(["h1"]);
    expect(["h1", "h2"]).toContain(executingOn(record, "pair")[0]);
    expect(presentOn(record, "nowhere")).toEqual([]);
    expect(overlapMs(record.spans)).toBe(0);
    const places = promised.map((guest) => `${guest} on ${executingOn(record, guest)}`);
    console.log(`e2e ${fleet.profile.name} | start: overlap 0 ms; ${places.join(", ")}, nowhere on none`);
  });
});

/**
 * A host that is fenced because one of its guests is taken over begins its next incarnation with nothing running: all of its
 * guests end, also those that no other host may run, and the latter are started again.
 */
describe("a guest stays on exactly one host", () => {
  it("when its host loses power, and when that host is back", async () => {
    const owner = await fleet.ownerOf("pair");
    const gone = await guestsOn(fleet, owner.name);
    const survivors = promised.filter((guest) => guest !== "lone" || owner.name !== "h1");
    const cut = await Incident.begin(fleet, `power cut of ${owner.name}`, promised);
    cut.fault(await owner.powerCut());
    await cut.finish({ guests: survivors, ended: gone });

    const back = await Incident.begin(fleet, `${owner.name} boots again`, survivors);
    await owner.boot();
    await back.finish({ guests: promised, undisturbed: survivors, withinMs: 30_000 });
  });

  it("when its agent is killed and started again at once", async () => {
    const owner = await fleet.ownerOf("roam");
    const incident = await Incident.begin(fleet, `agent of ${owner.name} killed, started again`, promised);
    await owner.daemon("agent").kill();
    incident.fault();
    await owner.start("agent");
    await incident.finish({ guests: promised });
  });

  it("when its agent is killed and stays away", async () => {
    const owner = await fleet.ownerOf("pair");
    const there = await guestsOn(fleet, owner.name);
    const names = there.map((text) => text.split(" ")[0] ?? "").filter((guest) => guest !== "lone");
    const incident = await Incident.begin(fleet, `agent of ${owner.name} killed, away`, promised);
    await owner.daemon("agent").kill();
    incident.fault();
    await fleet.until(
      `${names} on another host`,
      (record) => names.every((guest) => othersThan(owner).includes(executingOn(record, guest)[0] ?? "")),
      { withinMs: 30_000 },
    );
    await owner.start("agent");
    await incident.finish({ guests: promised, ended: there, withinMs: 40_000 });
  });

  it("when its agent is stopped for longer than any lease, and goes on", async () => {
    const owner = await fleet.ownerOf("pair");
    const there = await guestsOn(fleet, owner.name);
    const incident = await Incident.begin(fleet, `agent of ${owner.name} SIGSTOP`, promised);
    owner.daemon("agent").signal("SIGSTOP");
    incident.fault();
    await fleet.pass(wellBeyond());
    owner.daemon("agent").signal("SIGCONT");
    await incident.finish({ guests: promised, ended: there, withinMs: 40_000 });
  });

  it("when its dead-man is stopped, which the status says", async () => {
    const owner = await fleet.ownerOf("roam");
    const incident = await Incident.begin(fleet, `dead-man of ${owner.name} SIGSTOP`, promised);
    owner.daemon("dead-man").signal("SIGSTOP");
    incident.fault();
    await fleet.until(
      "the status says so",
      async () => /dead-man.*(silent|no sign|not heard)/.test((await degradedOn(owner)).join()),
      {
        withinMs: 20_000,
      },
    );
    await fleet.pass(wellBeyond());
    owner.daemon("dead-man").signal("SIGCONT");
    await incident.finish({ guests: promised, withinMs: 40_000 });
  });

  it("when QEMU is frozen and its agent stopped: it is killed, not waited for", async () => {
    const owner = await fleet.ownerOf("pair");
    const there = await guestsOn(fleet, owner.name);
    const incident = await Incident.begin(fleet, `QEMU of pair frozen, agent of ${owner.name} SIGSTOP`, promised);
    await owner.signalGuest("pair", "STOP");
    owner.daemon("agent").signal("SIGSTOP");
    incident.fault();
    await fleet.until(
      "pair runs elsewhere, and its frozen process is gone",
      (record) =>
        presentOn(record, "pair").length === 1 && othersThan(owner).includes(executingOn(record, "pair").join()),
      { withinMs: 30_000 },
    );
    owner.daemon("agent").signal("SIGCONT");
    await incident.finish({ guests: promised, ended: there, withinMs: 40_000 });
  });

  it("when QEMU is frozen for a while: it goes on where it was", async () => {
    const owner = await fleet.ownerOf("roam");
    const incident = await Incident.begin(fleet, `QEMU of roam frozen on ${owner.name}`, promised);
    await owner.signalGuest("roam", "STOP");
    incident.fault();
    await fleet.pass(wellBeyond());
    await owner.signalGuest("roam", "CONT");
    await incident.finish({ guests: promised, withinMs: 40_000 });
  });
});

describe("agent and dead-man both stopped, with no watchdog device", () => {
  it("let the guest run twice until they go on, which the status says beforehand: the overlap is measured", async () => {
    const owner = await fleet.ownerOf("pair");
    expect((await degradedOn(owner)).join("; ")).toMatch(/watchdog/);
    const there = await guestsOn(fleet, owner.name);
    const incident = await Incident.begin(fleet, `agent and dead-man of ${owner.name} SIGSTOP`, promised);
    owner.daemon("dead-man").signal("SIGSTOP");
    owner.daemon("agent").signal("SIGSTOP");
    incident.fault();
    // By their own signs of life, so that there is something to measure however soon both go on.
    await fleet.until("pair runs twice", (record) => overlapMs(record.spans, incident.sinceMs) > 100, {
      withinMs: 30_000,
    });
    owner.daemon("dead-man").signal("SIGCONT");
    owner.daemon("agent").signal("SIGCONT");
    const { overlapMs: overlap } = await incident.finish({
      guests: promised,
      ended: there,
      overlapMaxMs: 20_000,
      withinMs: 40_000,
    });
    expect(overlap).toBeGreaterThan(0);
  });
});
