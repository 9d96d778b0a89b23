import { expect, test } from "vitest";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const hosts = ["h1", "h2", "h3", "h4"];

function settled(guests = [promised("g")]): { fleet: SmallFleet; owner: string } {
  const fleet = new SmallFleet({ hosts, guests });
  fleet.passUntil(() => guests.every((g) => fleet.running(g.guest).length === 1), 10_000);
  fleet.pass(2_000);
  return { fleet, owner: fleet.running("g")[0] ?? "" };
}

const other = (owner: string) => hosts.find((h) => h !== owner) ?? "";

test("release and hand-over: stopped, confirmed gone, durably forgotten, and only then the voters are told", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  m.trace = [];
  let aliveWhenForgotten = false;
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to: other(owner) } });
  fleet.passUntil(() => {
    if (m.trace.includes("persist owned/g gone") && fleet.state(owner, "g") !== "off") aliveWhenForgotten = true;
    return fleet.running("g")[0] === other(owner);
  }, 5_000);
  const at = (entry: string) => m.trace.indexOf(entry);
  expect(at("act shutdown g")).toBeGreaterThan(-1);
  expect(at("persist owned/g gone")).toBeGreaterThan(at("act shutdown g"));
  expect(at("send accept h1")).toBeGreaterThan(at("persist owned/g gone"));
  expect(aliveWhenForgotten).toBe(false);
});

test("the host named in a hand-over claims at once, and the others leave it to it for 5 s", () => {
  const { fleet, owner } = settled();
  const to = other(owner);
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to } });
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1 && fleet.running("g")[0] !== owner, 5_000);
  expect(fleet.running("g")).toEqual([to]);
  expect(tookMs).toBeLessThan(1_500);
});

test("when the host named in a hand-over is dead the others step in after 5 s", () => {
  const { fleet, owner } = settled();
  const to = hosts.find((h) => h !== owner && h === "h4") ?? "h3";
  fleet.powerOff(to);
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to } });
  fleet.passUntil(() => fleet.state(owner, "g") === "off", 3_000);
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1, 15_000);
  expect(fleet.running("g")[0]).not.toBe(to);
  expect(tookMs).toBeGreaterThan(4_500);
  expect(tookMs).toBeLessThan(8_000);
});

test("a release survives a crash between forgetting and telling", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  fleet.drop = (from, _to, message) => from === owner && (message.kind === "prepare" || message.kind === "gossip-push");
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to: other(owner) } });
  fleet.passUntil(() => m.trace.includes("persist released/g"), 5_000);
  fleet.stopAgent(owner);
  fleet.drop = () => false;
  fleet.startAgent(owner);
  fleet.passUntil(() => fleet.running("g")[0] === other(owner), 10_000);
  expect(m.store.has("released/g")).toBe(false);
});

test("a guest that does not shut down is destroyed after a minute", () => {
  const { fleet, owner } = settled();
  fleet.machine(owner).hanging.add("shutdown");
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to: other(owner) } });
  fleet.pass(55_000);
  expect(fleet.running("g")).toEqual([owner]);
  fleet.passUntil(() => fleet.running("g")[0] === other(owner), 15_000);
});

test("a guest has as long to shut down as its promise says, and its host says how long that is still", () => {
  const { fleet, owner } = settled([{ ...promised("g"), shutdownMs: 300_000 }]);
  const m = fleet.machine(owner);
  m.hanging.add("shutdown");
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to: other(owner) } });
  fleet.pass(200_000);
  expect(fleet.running("g")).toEqual([owner]);
  expect(fleet.view(owner)?.guests[0]?.reason).toMatch(/; it has (99|100|101) s left to shut down by itself$/);
  fleet.pass(95_000);
  expect(fleet.running("g")).toEqual([owner]);
  fleet.passUntil(() => fleet.running("g")[0] === other(owner), 15_000);
});

test("a guest that is asked to shut down for minutes is asked once: the act lasts as long as the guest may take", () => {
  const { fleet, owner } = settled([{ ...promised("g"), shutdownMs: 300_000 }]);
  const m = fleet.machine(owner);
  m.hanging.add("shutdown");
  m.trace = [];
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to: other(owner) } });
  fleet.passUntil(() => fleet.running("g")[0] === other(owner), 320_000);
  expect(m.trace.filter((entry) => entry === "act shutdown g")).toHaveLength(1);
});

test("a drained host hands its guests over one by one, takes none, and stays drained when its agent restarts", () => {
  const guests = ["g", "i", "j", "k"].map((g) => promised(g));
  const { fleet, owner } = settled(guests);
  fleet.give(owner, { kind: "operator", command: { kind: "drain" } });
  fleet.passUntil(() => fleet.machine(owner).domains.size === 0, 10_000);
  fleet.passUntil(() => guests.every((g) => fleet.running(g.guest).length === 1), 10_000);
  fleet.stopAgent(owner);
  fleet.startAgent(owner);
  for (const h of hosts.filter((name) => name !== owner).slice(0, 1)) fleet.powerOff(h);
  fleet.pass(15_000);
  expect(fleet.machine(owner).domains.size).toBe(0);
  fleet.give(owner, { kind: "operator", command: { kind: "undrain" } });
  fleet.pass(2_000);
  expect(fleet.view(owner)?.guests.every((g) => !g.owned)).toBe(true);
});

test("a class that no longer holds moves the guest to a host where it does", () => {
  const { fleet, owner } = settled();
  fleet.setPolicy([promised("g", { classMatch: false, eligible: false })], owner);
  fleet.passUntil(() => fleet.running("g").length === 1 && fleet.running("g")[0] !== owner, 5_000);
});

test("a class that holds nowhere else moves nothing: better on the wrong host than on none", () => {
  const { fleet, owner } = settled();
  fleet.setPolicy([promised("g", { classMatch: false, eligible: false })]);
  fleet.pass(10_000);
  expect(fleet.running("g")).toEqual([owner]);
});

test("a guest that policy wants down is shut down, released, and started by nobody", () => {
  const { fleet } = settled();
  fleet.setPolicy([promised("g", { wanted: "down" })]);
  fleet.pass(15_000);
  expect(fleet.running("g")).toEqual([]);
  fleet.setPolicy([promised("g")]);
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
});

test("a guest that policy wants suspended is started paused and left so", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g", { wanted: "suspended" })] });
  fleet.pass(10_000);
  expect(fleet.running("g")).toEqual([]);
  expect(hosts.filter((h) => fleet.state(h, "g") === "paused")).toHaveLength(1);
});

test("a guest that is no longer promised runs on, protected, and is given up when it stops", () => {
  const { fleet, owner } = settled();
  fleet.setPolicy([]);
  fleet.pass(10_000);
  expect(fleet.running("g")).toEqual([owner]);
  expect(fleet.machine(owner).feed?.guests.map((g) => g.guest)).toEqual(["g"]);
  fleet.machine(owner).domains.clear();
  fleet.pass(3_000);
  expect(fleet.machine(owner).store.has("owned/g")).toBe(false);
  expect(fleet.machine(owner).acts.filter((a) => a === "start-paused g")).toHaveLength(1);
});
