/** What people do to a fleet that runs: restarts, changed policies and classes, a lost disk. */
import { grantMs } from "@berth/claims";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Fleet } from "../support/fleet/fleet.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import { executingOn, presentOn } from "../support/fleet/run-record.ts";
import { guestsOn, Incident } from "./incident.ts";

// Two processors for all hosts: an incident takes seconds, and minutes where something is wrong or the machine is busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let fleet: Fleet;
const roles = [{ name: "roam" }, { name: "site", host: "web" }];

beforeAll(async () => {
  fleet = await Fleet.start({
    guests: roles,
    prepare: (hosts) => {
      for (const host of hosts.slice(0, 2)) host.setClass("web", true);
    },
  });
});

afterAll(async () => {
  await fleet?.stop();
});

describe("a guest stays on exactly one host", () => {
  it("while libvirtd is away and when it is back, without a pause", async () => {
    const owner = await fleet.ownerOf("roam");
    const incident = await Incident.begin(fleet, `libvirtd of ${owner.name} stopped and started`);
    incident.fault();
    await owner.libvirtd.stopDaemon();
    await fleet.pass(grantMs(fleet.profile) + 1_000);
    await owner.libvirtd.startDaemon();
    await incident.finish({ undisturbed: ["roam"] });
  });

  it("while all agents are restarted, one after the other; it moves where that takes longer than a lease", async () => {
    const incident = await Incident.begin(fleet, "rolling restart of all agents");
    incident.fault();
    for (const host of fleet.hosts) {
      await host.restart("agent");
      await fleet.until(`${host.name} renews`, () => host.isReady(fleet.hosts.map(({ name }) => name)), {
        withinMs: 20_000,
      });
    }
    await incident.finish({ withinMs: 60_000 });
  });

  it("while another voter is restarted, without a pause", async () => {
    const owner = await fleet.ownerOf("roam");
    const voter = fleet.hosts.find((host) => host !== owner) ?? owner;
    const incident = await Incident.begin(fleet, `voter ${voter.name} killed and started`);
    await voter.daemon("agent").kill();
    incident.fault();
    await voter.start("agent");
    await fleet.until(`${voter.name} renews`, () => voter.isReady(fleet.hosts.map(({ name }) => name)), {
      withinMs: 20_000,
    });
    await incident.finish({ undisturbed: ["roam"] });
  });
});

describe("a guest moves", () => {
  it("when its host loses the class that it asks for", async () => {
    const owner = await fleet.ownerOf("site");
    const incident = await Incident.begin(fleet, `class web removed from ${owner.name}`);
    owner.setClass("web", false);
    incident.fault();
    fleet.reload();
    const other = owner.name === "h1" ? "h2" : "h1";
    await fleet.until("site is on the other", (r) => executingOn(r, "site").join() === other, { withinMs: 30_000 });
    await incident.finish({ ended: [`site on ${owner.name}`] });
    owner.setClass("web", true);
    fleet.reload();
  });

  it("goes down and comes up when policy says so, on exactly one host", async () => {
    const owner = await fleet.ownerOf("roam");
    const incident = await Incident.begin(fleet, "policy: roam down, then running");
    fleet.setPolicy([
      { name: "roam", state: "down" },
      { name: "site", host: "web" },
    ]);
    incident.fault();
    await fleet.until("roam is down", (r) => presentOn(r, "roam").length === 0, { withinMs: 30_000 });
    fleet.setPolicy(roles);
    await incident.finish({ undisturbed: ["site"], ended: [`roam on ${owner.name}`], withinMs: 40_000 });
  });
});

describe("a voter whose disk was wiped", () => {
  it("is replaced, and the fleet then bears the loss of another host", async () => {
    const owner = await fleet.ownerOf("roam");
    const [wiped, keeper] = [fleet.hosts.findLast((host) => host !== owner), fleet.hosts[0]];
    if (wiped === undefined || keeper === undefined) throw new Error("a fleet of three hosts has two others");
    const lost = await guestsOn(fleet, wiped.name);
    const incident = await Incident.begin(fleet, `voter ${wiped.name} wiped and booted`);
    incident.fault(await wiped.powerCut());
    wiped.wipeVoter();
    await wiped.boot();
    const number = async () => (await keeper.snapshot()).claims.config.number;
    await fleet.until("the configuration has its new disk", async () => (await number()) > 1, { withinMs: 60_000 });
    await incident.finish({ undisturbed: ["roam"], ended: lost, withinMs: 60_000 });

    const gone = await guestsOn(fleet, owner.name);
    const second = await Incident.begin(fleet, `power cut of ${owner.name} after that`);
    second.fault(await owner.powerCut());
    await second.finish({ ended: gone, withinMs: 40_000 });
    expect(nowMs()).toBeGreaterThan(second.sinceMs);
  });
});
