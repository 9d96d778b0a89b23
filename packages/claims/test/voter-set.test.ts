import { expect, test } from "vitest";
import { applyRecord, type Configuration, type HostId, type OperatorCommand } from "../src/index.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const hosts = ["h1", "h2", "h3", "h4", "h5"];
const voters = (names: readonly HostId[], disk = "disk") => names.map((host) => ({ voter: `${disk}-${host}`, host }));

/** Five hosts with voters on h1 to h3; h4 and h5 have empty voter disks ready. */
function settled(change: Partial<ConstructorParameters<typeof SmallFleet>[0]> = {}): {
  fleet: SmallFleet;
  owner: string;
} {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], ...change });
  for (const name of ["h4", "h5"]) {
    if (!fleet.machines.has(name)) continue;
    applyRecord(fleet.machine(name).store, { kind: "voter-disk", value: { voter: `disk-${name}` } });
    fleet.stopAgent(name);
    fleet.startAgent(name);
  }
  fleet.passUntil(() => fleet.running("g").length === 1, 15_000);
  fleet.pass(6_000);
  return { fleet, owner: fleet.running("g")[0] ?? "" };
}

const numberAt = (fleet: SmallFleet, host: HostId) => fleet.view(host)?.config.number;

test("the voter set changes by seal, copy and activation, while the guest runs on without a pause", () => {
  const { fleet, owner } = settled();
  let paused = false;
  fleet.give("h5", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h4", "h5"]) } });
  fleet.pass(20_000, () => {
    if (fleet.running("g").join() !== owner) paused = true;
  });
  expect(paused).toBe(false);
  for (const host of hosts) expect(numberAt(fleet, host)).toBe(2);
  expect(fleet.view("h4")?.voter).toMatchObject({ active: true, quarantineMs: 0 });
  expect(fleet.view("h2")?.voter).toMatchObject({ active: false, sealed: true });
  expect(fleet.machine("h4").store.get("voter-register/g")).toMatchObject({ value: { value: { owner } } });
});

test("new voters begin with a full quarantine: nobody is called dead by them before D_A", () => {
  const { fleet } = settled();
  fleet.give("h5", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h4", "h5"]) } });
  fleet.passUntil(() => fleet.view("h4")?.voter?.active === true, 3_000);
  expect(fleet.view("h4")?.voter?.quarantineMs).toBeGreaterThan(5_000);
});

test("after the change failover works with the new voters and without the old ones", () => {
  const { fleet, owner } = settled();
  fleet.give("h5", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h4", "h5"]) } });
  fleet.pass(10_000);
  for (const host of ["h2", "h3"]) if (host !== owner) fleet.powerOff(host);
  fleet.powerOff(owner);
  fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
});

test("a new voter that was off during the change gets its copy when it is back, and then counts when another one is lost", () => {
  const { fleet } = settled();
  fleet.powerOff("h4");
  fleet.give("h1", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h2", "h4"]) } });
  fleet.passUntil(() => numberAt(fleet, "h1") === 2 && fleet.view("h2")?.voter?.active === true, 5_000);
  fleet.pass(10_000);
  fleet.powerOn("h4");
  fleet.passUntil(() => fleet.view("h4")?.voter?.active === true, 15_000);
  fleet.pass(8_000);
  fleet.powerOff("h2");
  fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
});

test("two competing changes cannot both win", () => {
  const { fleet } = settled();
  fleet.give("h1", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h2", "h4"]) } });
  fleet.give("h5", { kind: "operator", command: { kind: "change-voters", voters: voters(["h3", "h4", "h5"]) } });
  fleet.pass(20_000);
  const sets = new Set(hosts.map((h) => JSON.stringify(fleet.view(h)?.config.voters)));
  expect(sets.size).toBe(1);
  expect(hosts.map((h) => numberAt(fleet, h))).toEqual([2, 2, 2, 2, 2]);
  expect(fleet.running("g")).toHaveLength(1);
});

test("a change whose coordinator dies half-way is completed by whoever notices", () => {
  const { fleet, owner } = settled();
  const coordinator = hosts.find((h) => h !== owner && h !== "h4" && h !== "h5") ?? "";
  fleet.drop = (from, _to, message) =>
    from === coordinator && (message.kind === "install" || message.kind === "activate");
  fleet.give(coordinator, { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h4", "h5"]) } });
  fleet.pass(500);
  fleet.powerOff(coordinator);
  fleet.passUntil(() => fleet.view("h4")?.voter?.active === true, 20_000);
  fleet.pass(10_000);
  expect(fleet.running("g")).toHaveLength(1);
});

test("a host that thought a change was left half-way, and then hears the new voters, does not wait for old ones that are lost since", () => {
  const { fleet } = settled();
  fleet.give("h5", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h4", "h5"]) } });
  fleet.pass(15_000);
  fleet.stopAgent("h1");
  fleet.drop = (from, to) => from !== to && (from === "h1" || to === "h1");
  fleet.startAgent("h1");
  fleet.pass(8_000);
  for (const host of ["h2", "h3"]) fleet.powerOff(host);
  fleet.drop = () => false;
  fleet.passUntil(() => (fleet.view("h1")?.leaseRemainingMs ?? 0) > 0, 15_000);
  fleet.pass(2_000);
  fleet.give("h1", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1"]) } });
  fleet.passUntil(() => numberAt(fleet, "h1") === 3, 15_000);
  expect(fleet.view("h1")?.voter?.active).toBe(true);
});

test("a host that slept through the change finds the new voters", () => {
  const { fleet, owner } = settled();
  const sleeper = hosts.find((h) => h !== owner && !["h1", "h4", "h5"].includes(h)) ?? "";
  fleet.powerOff(sleeper);
  fleet.give("h5", { kind: "operator", command: { kind: "change-voters", voters: voters(["h1", "h4", "h5"]) } });
  fleet.pass(10_000);
  fleet.powerOn(sleeper);
  fleet.passUntil(() => (fleet.view(sleeper)?.leaseRemainingMs ?? 0) > 0, 10_000);
  expect(numberAt(fleet, sleeper)).toBe(2);
});

test.each([[["h1", "h2"]], [[]], [["h1", "h1", "h2"]]])("a voter set of %j is refused", (names) => {
  const { fleet } = settled();
  fleet.give("h1", { kind: "operator", command: { kind: "change-voters", voters: voters(names) } });
  fleet.pass(3_000);
  expect(numberAt(fleet, "h1")).toBe(1);
  expect(fleet.machine("h1").notes.at(-1)?.code).toBe("VOTER_COUNT");
});

test("a voter whose disk was wiped is silent: it must not answer under its old identity", () => {
  const { fleet } = settled();
  fleet.machine("h3").store.clear();
  fleet.stopAgent("h3");
  fleet.messages = [];
  fleet.startAgent("h3");
  fleet.pass(5_000);
  expect(fleet.view("h3")?.voter).toBeUndefined();
  expect(fleet.messages.some((m) => m.from === "h3" && m.message.kind === "renew-reply")).toBe(false);
  const { store } = fleet.machine("h3");
  applyRecord(store, { kind: "voter-disk", value: { voter: "another" } });
  fleet.stopAgent("h3");
  fleet.startAgent("h3");
  fleet.pass(5_000);
  expect(fleet.view("h3")?.voter?.active).toBe(false);
  expect(fleet.messages.some((m) => m.from === "h3" && m.message.kind === "renew-reply")).toBe(false);
});

test("a replaced disk becomes a voter again under its new name, with a copy of the registers", () => {
  const { fleet, owner } = settled();
  applyRecord(fleet.machine("h3").store, { kind: "voter-disk", value: { voter: "fresh-h3" } });
  for (const key of [...fleet.machine("h3").store.keys()])
    if (key.startsWith("voter-") && key !== "voter-disk") fleet.machine("h3").store.delete(key);
  fleet.stopAgent("h3");
  fleet.startAgent("h3");
  const next = [...voters(["h1", "h2"]), { voter: "fresh-h3", host: "h3" }];
  fleet.give("h1", { kind: "operator", command: { kind: "change-voters", voters: next } });
  fleet.passUntil(() => fleet.view("h3")?.voter?.active === true, 10_000);
  expect(fleet.machine("h3").store.get("voter-register/g")).toMatchObject({ value: { value: { owner } } });
});

test("witness: two hosts and an agent without hypervisor survive the loss of either host", () => {
  const fleet = new SmallFleet({
    hosts: ["h1", "h2"],
    witnesses: ["w"],
    voters: ["h1", "h2", "w"],
    guests: [promised("g")],
  });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(6_000);
  const owner = fleet.running("g")[0] ?? "";
  fleet.powerOff(owner);
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  expect(tookMs).toBeLessThan(6_500);
  expect(fleet.machine("w").acts).toEqual([]);
  expect(fleet.messages.some((m) => m.from === "w" && m.message.kind === "renew")).toBe(false);
});

test("two hosts without a witness: whoever is left pauses nothing of its own if it is the voter, and takes nothing over if it is not", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], voters: ["h1"], guests: [promised("g")] });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(6_000);
  fleet.powerOff("h1");
  fleet.pass(20_000);
  expect(fleet.running("g")).toEqual([]);
});

test("confirm-dead moves the guests of a host at once, whatever its lease says", () => {
  const { fleet, owner } = settled();
  const other = hosts.find((h) => h !== owner) ?? "";
  fleet.powerOff(owner);
  fleet.pass(1_500);
  fleet.give(other, { kind: "operator", command: { kind: "confirm-dead", host: owner, operator: "ada" } });
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  expect(tookMs).toBeLessThan(2_500);
  const alarms = [...fleet.machines.values()].flatMap((m) => m.notes.filter((n) => n.code === "HOST_CONFIRMED_DEAD"));
  expect(alarms[0]?.text).toContain("ada");
});

test("reset-quorum founds a new set from the one voter that is left, and everything the lost majority granted is fenced", () => {
  const { fleet } = settled({ voters: ["h1", "h2", "h3"] });
  for (const host of ["h2", "h3"]) fleet.powerOff(host);
  fleet.pass(20_000);
  expect(fleet.running("g")).toEqual([]);
  const command: OperatorCommand = {
    kind: "reset-quorum",
    voters: voters(["h1"]),
    deadHosts: ["h2", "h3"],
    operator: "ada",
    reason: "flood",
  };
  fleet.give("h1", { kind: "operator", command });
  fleet.passUntil(() => fleet.running("g").length === 1, 30_000);
  const config: Configuration | undefined = fleet.view("h4")?.config;
  expect(config).toMatchObject({ number: 2, reset: { operator: "ada", reason: "flood" } });
  expect(fleet.view("h4")?.inc).toBeGreaterThan(1_000_000);
  expect(fleet.machine("h1").notes.some((n) => n.code === "QUORUM_RESET")).toBe(true);
});

test("reset-quorum is refused on a host without a voter of the present set", () => {
  const { fleet } = settled();
  const command: OperatorCommand = {
    kind: "reset-quorum",
    voters: voters(["h4"]),
    deadHosts: [],
    operator: "ada",
    reason: "curiosity",
  };
  fleet.give("h4", { kind: "operator", command });
  fleet.pass(3_000);
  expect(numberAt(fleet, "h4")).toBe(1);
  expect(fleet.machine("h4").notes.at(-1)?.code).toBe("RESET_REFUSED");
});
