import { expect, test } from "vitest";
import type { FleetHost, HostId } from "../src/index.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const five = ["h1", "h2", "h3", "h4", "h5"];
const names = (count: number) => Array.from({ length: count }, (_, i) => `vm${i}`);
const listed = (hosts: readonly HostId[], classes = (_host: HostId): readonly string[] => []): FleetHost[] =>
  hosts.map((host) => ({ host, hypervisor: true, classes: classes(host) }));

/** Hosts that start one after the other, with a hundred guests for all of them, until each guest runs. */
function started(order: readonly HostId[], betweenMs: number, count = 100): SmallFleet {
  const guests = names(count).map((g) => promised(g));
  const fleet = new SmallFleet({ hosts: five, off: five, guests });
  for (const host of order) {
    fleet.powerOn(host);
    fleet.pass(betweenMs);
  }
  fleet.passUntil(() => names(count).every((g) => fleet.running(g).length === 1), 20_000);
  return fleet;
}

const loads = (fleet: SmallFleet) => five.map((host) => fleet.machine(host).domains.size);

test.each([
  ["all at once", five, 0],
  ["within 3 s, voters first", five, 750],
  ["within 3 s, voters last", ["h5", "h4", "h3", "h2", "h1"], 750],
  ["within 3 s, in another order", ["h4", "h1", "h5", "h3", "h2"], 750],
] as const)("five hosts that start %s get about equal shares of a hundred guests", (_how, order, betweenMs) => {
  const shares = loads(started(order, betweenMs));
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(18);
  expect(Math.max(...shares)).toBeLessThanOrEqual(22);
});

test("after a power cut of the whole fleet each guest starts where it was, although the hosts come back one after the other", () => {
  const fleet = started(five, 0, 20);
  const before = names(20).map((g) => fleet.running(g)[0]);
  fleet.pass(5_000);
  for (const host of five) fleet.powerOff(host);
  fleet.pass(20_000);
  for (const host of ["h3", "h5", "h1", "h4", "h2"]) {
    fleet.powerOn(host);
    fleet.pass(750);
  }
  fleet.passUntil(() => names(20).every((g) => fleet.running(g).length === 1), 15_000);
  expect(names(20).map((g) => fleet.running(g)[0])).toEqual(before);
});

test("a member that never turns up is waited for no longer than 5 s, and its share goes to the others", () => {
  const guests = names(20).map((g) => promised(g));
  const fleet = new SmallFleet({ hosts: five, off: ["h5"], guests });
  fleet.pass(8_000);
  expect(names(20).filter((g) => fleet.running(g).length === 0).length).toBeGreaterThan(0);
  fleet.passUntil(() => names(20).every((g) => fleet.running(g).length === 1), 3_500);
  expect(Math.max(...loads(fleet))).toBeLessThanOrEqual(6);
});

test("a guest that only the first host may have starts as soon as that host has heard somebody who may not", () => {
  const mine = (host: HostId) => [
    promised("pinned", { placementKey: "h1_class", classMatch: host === "h1", eligible: host === "h1" }),
    promised("any"),
  ];
  const fleet = new SmallFleet({ hosts: five, off: ["h4", "h5"] });
  for (const host of five) fleet.setPolicy(mine(host), host);
  expect(fleet.passUntil(() => fleet.running("pinned").length === 1, 20_000)).toBeLessThan(4_600);
});

test("where the class is a host's own name nobody else is waited for", () => {
  const own = (host: HostId) => [`${host}_example_com`];
  const guests = names(10).map((g) => promised(g, { placementKey: "h1_example_com" }));
  const hosts = ["h1", "h2"];
  const fleet = new SmallFleet({ hosts, off: ["h2"], voters: ["h1"], guests, members: listed(hosts, own) });
  expect(fleet.passUntil(() => names(10).every((g) => fleet.running(g).length === 1), 20_000)).toBeLessThan(4_600);
});

test("a fleet of one host starts its guests as fast as ever", () => {
  const guests = names(10).map((g) => promised(g));
  const fleet = new SmallFleet({ hosts: ["h1"], voters: ["h1"], guests });
  expect(fleet.passUntil(() => names(10).every((g) => fleet.running(g).length === 1), 20_000)).toBeLessThan(4_600);
});

test("a host that was dead before this one started is not waited for", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], witnesses: ["w"], voters: ["h1", "h2", "w"] });
  fleet.pass(6_000);
  fleet.powerOff("h2");
  fleet.pass(20_000);
  fleet.stopAgent("h1");
  fleet.startAgent("h1");
  fleet.setPolicy(names(10).map((g) => promised(g)));
  expect(fleet.passUntil(() => names(10).every((g) => fleet.running(g).length === 1), 20_000)).toBeLessThan(6_000);
});

test("a removed host takes no turn, whatever was last heard of it", () => {
  const fleet = started(five, 0, 10);
  fleet.pass(3_000);
  fleet.machine("h5").cut = true;
  const left = listed(["h1", "h2", "h3", "h4"]);
  for (const host of five) fleet.give(host, { kind: "members", hosts: left });
  const more = [...names(10), ...names(30).map((g) => `new-${g}`)].map((g) => promised(g));
  for (const host of ["h1", "h2", "h3", "h4"]) fleet.setPolicy(more, host);
  const fresh = names(30).map((g) => `new-${g}`);
  expect(fleet.passUntil(() => fresh.every((g) => fleet.running(g).length === 1), 5_000)).toBeLessThan(2_500);
});

test("new guests of a class that is in use are spread, although their policy reaches the hosts a second apart", () => {
  const fleet = new SmallFleet({ hosts: five, guests: [promised("first")] });
  fleet.pass(30_000);
  const guests = [promised("first"), ...names(100).map((g) => promised(g))];
  for (const host of five) {
    fleet.setPolicy(guests, host);
    fleet.pass(1_000);
  }
  fleet.passUntil(() => names(100).every((g) => fleet.running(g).length === 1), 10_000);
  const shares = loads(fleet);
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...shares)).toBeLessThanOrEqual(30);
});

test("a host does not claim more than its memory holds, however many guests it claims in one step", () => {
  const guests = names(40).map((g) => promised(g, { memoryKib: 1_000 }));
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], voters: ["h1"], guests });
  fleet.give("h1", { kind: "capacity", weight: 1, memoryFreeKib: 12_500, hypervisorUp: true });
  fleet.passUntil(() => names(40).every((g) => fleet.running(g).length === 1), 20_000);
  expect(fleet.machine("h1").domains.size).toBeLessThanOrEqual(12);
});

test("guests that run already are never moved, and count as the load of their host", () => {
  const guests = names(20).map((g) => promised(g));
  const fleet = new SmallFleet({ hosts: five, off: five, guests });
  for (const g of names(4)) fleet.place("h1", g, "running");
  const place = fleet.machine("h1").domains;
  for (const host of five) {
    const kept = new Map(place);
    fleet.powerOn(host);
    if (host === "h1") fleet.machine("h1").domains = kept;
  }
  fleet.passUntil(() => names(20).every((g) => fleet.running(g).length === 1), 20_000);
  for (const g of names(4)) expect(fleet.running(g)).toEqual(["h1"]);
  expect(loads(fleet)).toEqual([4, 4, 4, 4, 4]);
});
