/**
 * Schedules thought out by somebody who wants the protocol to fail: a guest that is down for ever, or one that executes twice.
 * Decision 60 tells which were tried, and which of them succeeded before the rule that is tested here.
 */
import { expect, test } from "vitest";
import { type HostId, type Message, profiles } from "../src/index.ts";
import { SmallFleet, type SmallFleetInit } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

/** A fleet whose one guest runs; and where. */
function settled(init: SmallFleetInit): { fleet: SmallFleet; owner: HostId } {
  const fleet = new SmallFleet(init);
  fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
  fleet.pass(3_000);
  return { fleet, owner: fleet.running("g")[0] ?? "" };
}

/** Renewals of hosts that exist only in the memory of the voters. */
function renewAsOthers(fleet: SmallFleet, count: number): void {
  for (const { host: voter } of fleet.config.voters)
    for (let n = 0; n < count; n += 1)
      fleet.give(voter, {
        kind: "message",
        from: `gone${n}`,
        message: { kind: "renew", fleet: "f", cfg: 1, life: 1, inc: 1, nonce: `nonce-${n}`, attempt: 1 },
      });
}

/** Two hosts and a witness; the owner is fenced by the other host's voter alone, and has come back. */
function halfFenced(): { fleet: SmallFleet; owner: HostId; other: HostId } {
  const { fleet, owner } = settled({
    ...{ hosts: ["h1", "h2"], witnesses: ["w"], voters: ["h1", "h2", "w"], guests: [promised("g")] },
  });
  const other = owner === "h1" ? "h2" : "h1";
  fleet.machine(owner).cut = true;
  fleet.drop = (_from, to, message: Message) => message.kind === "fence" && to === "w";
  fleet.passUntil(() => fleet.machine(other).notes.some((n) => n.code === "HOST_FENCED"), 15_000);
  fleet.machine(owner).cut = false;
  fleet.pass(1_500);
  fleet.drop = () => false;
  fleet.passUntil(() => fleet.running("g").includes(owner), 5_000);
  return { fleet, owner, other };
}

test("a host that one voter has fenced is not stuck for ever when another voter is lost: it gives the incarnation up", () => {
  const { fleet, owner } = halfFenced();
  fleet.powerOff("w");
  fleet.passUntil(() => fleet.running("g").length === 0, 5_000);
  let most = 0;
  fleet.pass(30_000, () => {
    most = Math.max(most, fleet.running("g").length);
  });
  expect(most).toBe(1);
  expect(fleet.running("g")).toHaveLength(1);
  expect(fleet.view(owner)?.inc).toBe(2);
  expect(fleet.machine(owner).notes.map((n) => n.code)).toContain("INCARNATION_GIVEN_UP");
});

test("a host that one voter has fenced keeps its incarnation, and the memory of its guest, when the other voter is back in time", () => {
  const { fleet, owner, other } = halfFenced();
  fleet.setPolicy([promised("g", { eligible: false })], other);
  const { process } = fleet.machine(owner).domains.get("g") ?? {};
  fleet.machine("w").cut = true;
  fleet.pass(7_000);
  expect(fleet.state(owner, "g")).toBe("paused");
  fleet.machine("w").cut = false;
  fleet.pass(5_000);
  expect(fleet.view(owner)?.inc).toBe(1);
  expect(fleet.running("g")).toEqual([owner]);
  expect(fleet.machine(owner).domains.get("g")?.process).toEqual(process);
});

test("hosts that left the fleet long ago do not hide one that dies now", () => {
  const fleet = new SmallFleet({
    ...{ hosts: ["h1", "h2", "h3", "z1", "z2"], voters: ["h1", "h2", "h3"], off: ["z1", "z2"] },
    guests: [promised("g", { eligible: false })],
  });
  renewAsOthers(fleet, 200);
  fleet.pass(10_000);
  for (const name of ["z1", "z2"]) {
    fleet.machine(name).policy = [promised("g")];
    fleet.powerOn(name);
  }
  fleet.passUntil(() => fleet.running("g").length === 1, 15_000);
  fleet.pass(3_000);
  fleet.powerOff(fleet.running("g")[0] ?? "");
  expect(fleet.passUntil(() => fleet.running("g").length === 1, 6_500)).toBeLessThan(6_500);
});

test("an owner that is not heard of for half a minute is asked for at the voters, although their lists have no room for it", () => {
  const { fleet, owner } = settled({
    ...{ hosts: ["h1", "h2", "h3", "h4"], voters: ["h1", "h2", "h3"], guests: [promised("g")] },
  });
  fleet.powerOff(owner);
  fleet.pass(1_000);
  renewAsOthers(fleet, 200);
  expect(fleet.passUntil(() => fleet.running("g").length === 1, 45_000)).toBeGreaterThan(20_000);
});

test("a live owner of whom no gossip comes is asked for at the voters now and then, and is not disturbed", () => {
  const { fleet, owner } = settled({ hosts: ["h1", "h2", "h3"], guests: [promised("g")] });
  fleet.drop = (from, _to, message) => message.kind.startsWith("gossip-") && from === owner;
  fleet.messages = [];
  let away = 0;
  fleet.pass(150_000, () => {
    if (!fleet.running("g").includes(owner)) away += 1;
  });
  expect(away).toBe(0);
  expect(fleet.view(owner)?.inc).toBe(1);
  const asked = fleet.messages.filter((m) => m.from !== owner && m.message.kind === "prepare");
  expect(asked.length).toBeLessThan(60);
});

test("a confirm-dead whose messages were lost is repeated until a majority knows it, and counts at once even in quarantine", () => {
  const { fleet, owner } = settled({
    ...{ hosts: ["h1", "h2", "h3", "h4"], guests: [promised("g")], profile: profiles.wan },
  });
  const asks = ["h1", "h2", "h3", "h4"].find((h) => h !== owner) ?? "";
  fleet.powerOff(owner);
  fleet.pass(1_000);
  fleet.drop = (_from, _to, message) => message.kind === "fence";
  fleet.give(asks, { kind: "operator", command: { kind: "confirm-dead", host: owner, operator: "op" } });
  fleet.pass(200);
  fleet.drop = () => false;
  expect(fleet.passUntil(() => fleet.running("g").length === 1, 10_000)).toBeLessThan(10_000);
});

test("a confirm-dead that no majority acknowledges within half a minute is given up, and says so", () => {
  const { fleet, owner } = settled({
    hosts: ["h1", "h2", "h3", "h4"],
    voters: ["h1", "h2", "h3"],
    guests: [promised("g")],
  });
  const asks = ["h1", "h2", "h3", "h4"].find((h) => h !== owner) ?? "";
  fleet.drop = (_from, _to, message) => message.kind === "fence";
  for (const name of ["h1", "h2", "h3"]) if (name !== asks) fleet.machine(name).cut = true;
  fleet.give(asks, { kind: "operator", command: { kind: "confirm-dead", host: owner, operator: "op" } });
  fleet.pass(31_000);
  const before = fleet.messages.length;
  expect(fleet.machine(asks).notes.map((n) => n.code)).toContain("CONFIRM_DEAD_UNHEARD");
  fleet.pass(5_000);
  expect(fleet.messages.slice(before).filter((m) => m.message.kind === "fence" && m.from === asks)).toEqual([]);
});

test("a guest that is promised no more goes on after an isolation, although the agent was restarted before it", () => {
  const { fleet, owner } = settled({ hosts: ["h1", "h2", "h3"], guests: [promised("g")] });
  fleet.setPolicy([]);
  fleet.pass(1_000);
  fleet.stopAgent(owner);
  fleet.startAgent(owner);
  fleet.pass(3_000);
  for (const m of fleet.machines.values()) m.cut = true;
  fleet.pass(6_000);
  expect(fleet.state(owner, "g")).toBe("paused");
  for (const m of fleet.machines.values()) m.cut = false;
  fleet.pass(10_000);
  expect(fleet.running("g")).toEqual([owner]);
});

test("a copy that gossip mode left paused is not resumed on newer disks when policy turns to quorum", () => {
  const { fleet, owner } = settled({ hosts: ["h1", "h2", "h3"], guests: [promised("g", { mode: "gossip" })] });
  fleet.machine(owner).cut = true;
  fleet.passUntil(() => fleet.running("g").some((h) => h !== owner), 40_000);
  fleet.pass(2_000);
  expect(fleet.state(owner, "g")).toBe("paused");
  const { process } = fleet.machine(owner).domains.get("g") ?? {};
  fleet.setPolicy([promised("g")]);
  fleet.machine(owner).cut = false;
  let faults = 0;
  fleet.pass(20_000, () => {
    const { state, process: now } = fleet.machine(owner).domains.get("g") ?? {};
    if (fleet.running("g").length > 1 || (state === "running" && now?.pid === process?.pid)) faults += 1;
  });
  expect(faults).toBe(0);
});
