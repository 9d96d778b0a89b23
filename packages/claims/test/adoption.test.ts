import { expect, test } from "vitest";
import { applyRecord, createHost } from "../src/index.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const hosts = ["h1", "h2", "h3"];

test("a running guest found unclaimed at start-up is claimed before it is touched: production is never paused", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], off: hosts });
  for (const h of hosts) {
    if (h === "h2") fleet.place(h, "g", "running", 5);
    fleet.powerOn(h);
  }
  let stopped = false;
  fleet.pass(15_000, () => {
    if (fleet.running("g").join() !== "h2") stopped = true;
  });
  expect(stopped).toBe(false);
  expect(fleet.view("h2")?.guests[0]).toMatchObject({ phase: "running", owned: true });
  expect(fleet.machine("h2").acts).toEqual([]);
});

test("an adopted guest is protected from the moment it is claimed, and not before", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], off: hosts });
  fleet.place("h2", "g", "running", 5);
  for (const h of hosts) fleet.powerOn(h);
  fleet.place("h2", "g", "running", 5);
  fleet.stopAgent("h2");
  fleet.startAgent("h2");
  fleet.pass(1_000);
  expect(fleet.machine("h2").feed?.guests ?? []).toEqual([]);
  fleet.passUntil(() => fleet.view("h2")?.guests[0]?.owned === true, 10_000);
  expect(fleet.machine("h2").feed?.guests.map((g) => g.guest)).toEqual(["g"]);
});

test("of two copies found at start-up the younger yields to the older: suspended first, destroyed when the claim is elsewhere", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], off: hosts });
  fleet.place("h1", "g", "running", 900);
  fleet.place("h3", "g", "running", 100);
  for (const h of hosts) fleet.powerOn(h);
  fleet.passUntil(() => fleet.running("g").length === 1, 3_000);
  expect(fleet.running("g")).toEqual(["h3"]);
  expect(fleet.state("h1", "g")).toBe("paused");
  fleet.passUntil(() => fleet.state("h1", "g") === "off", 15_000);
  const { acts } = fleet.machine("h1");
  expect(acts.indexOf("suspend g")).toBeLessThan(acts.indexOf("destroy g"));
  expect(fleet.view("h3")?.guests[0]?.owned).toBe(true);
});

test("a guest found running where its class does not hold is claimed there, then handed over in order", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], off: hosts });
  fleet.machine("h2").policy = [promised("g", { classMatch: false, eligible: false })];
  fleet.place("h2", "g", "running", 5);
  for (const h of hosts) fleet.powerOn(h);
  fleet.passUntil(() => fleet.running("g").length === 1 && fleet.running("g")[0] !== "h2", 15_000);
  expect(fleet.machine("h2").acts.filter((a) => !a.startsWith("dead-man"))).toEqual(["shutdown g"]);
});

test("a running guest that is promised for the first time is adopted too", () => {
  const fleet = new SmallFleet({ hosts });
  fleet.pass(3_000);
  fleet.place("h1", "g", "running", 5);
  fleet.pass(2_000);
  fleet.setPolicy([promised("g")]);
  fleet.pass(10_000);
  expect(fleet.machine("h1").acts).toEqual([]);
  expect(fleet.running("g")).toEqual(["h1"]);
  expect(fleet.view("h1")?.guests[0]?.owned).toBe(true);
});

test("a guest started by hand where it is not owned is suspended at once and destroyed when the voters name its owner", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")] });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(1_000);
  const owner = fleet.running("g")[0];
  const wrong = hosts.find((h) => h !== owner) ?? "";
  fleet.place(wrong, "g", "running");
  fleet.look(wrong);
  fleet.passUntil(() => fleet.state(wrong, "g") !== "running", 50);
  fleet.passUntil(() => fleet.state(wrong, "g") === "off", 10_000);
  expect(fleet.running("g")).toEqual([owner]);
});

test("a guest started by hand that nobody owns is suspended, claimed, and resumed", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g", { wanted: "down" })] });
  fleet.pass(5_000);
  fleet.setPolicy([promised("g")]);
  fleet.place("h3", "g", "running");
  fleet.look("h3");
  expect(fleet.machine("h3").acts.at(-1)).toBe("suspend g");
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
});

test("the same UUID on two hosts raises an alarm, even for a guest that nobody promised", () => {
  const fleet = new SmallFleet({ hosts });
  fleet.place("h1", "stray", "running");
  fleet.place("h2", "stray", "running");
  fleet.pass(3_000);
  for (const h of hosts)
    expect(fleet.machine(h).notes.some((n) => n.code === "DUPLICATE_GUEST" && n.text.includes("h1, h2"))).toBe(true);
  expect(fleet.running("stray")).toEqual(["h1", "h2"]);
});

test("an unpromised guest is never touched", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")] });
  fleet.place("h1", "stray", "running");
  fleet.pass(5_000);
  for (const m of fleet.machines.values()) m.cut = true;
  fleet.pass(20_000);
  expect(fleet.state("h1", "stray")).toBe("running");
  expect(fleet.machine("h1").acts.some((a) => a.includes("stray"))).toBe(false);
});

test("libvirt's autostart is cleared on promised guests", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")] });
  fleet.pass(5_000);
  fleet.place("h1", "g", "paused");
  const found = fleet.machine("h1").domains.get("g");
  if (found !== undefined) fleet.machine("h1").domains.set("g", { ...found, autostart: true });
  fleet.look("h1");
  expect(fleet.machine("h1").acts).toContain("clear-autostart g");
});

test("policy that turns from gossip to quorum claims the running copy before it is touched", () => {
  const fleet = new SmallFleet({ hosts, guests: [promised("g", { mode: "gossip", onIsolated: { kind: "run" } })] });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  const owner = fleet.running("g")[0] ?? "";
  fleet.pass(2_000);
  fleet.setPolicy([promised("g")]);
  let stopped = false;
  fleet.pass(10_000, () => {
    if (fleet.running("g").join() !== owner) stopped = true;
  });
  expect(stopped).toBe(false);
  expect(fleet.machine(owner).store.get("owned/g")).toMatchObject({ value: { by: "quorum" } });
});

test("a guest that ran before Berth is adopted, although the first agent ended before the hypervisor ever answered", () => {
  const fleet = new SmallFleet({ hosts: ["h1"], voters: ["h1"], off: ["h1"] });
  const h1 = fleet.machine("h1");
  const agent = createHost({ host: "h1", fleet: "f", seed: 1, hypervisor: true });
  const config = fleet.config;
  agent.step({ kind: "start", durable: [...h1.store.values()], bootId: "boot-1", config, nonce: "n1" }, fleet.now());
  agent.step({ kind: "policy", guests: [promised("g")] }, fleet.now());
  for (const record of agent.takeReady().persist) applyRecord(h1.store, record);
  h1.policy = [promised("g")];
  fleet.place("h1", "g", "running");
  fleet.powerOn("h1");
  fleet.pass(10_000);
  expect(h1.acts).not.toContain("suspend g");
  expect(fleet.running("g")).toEqual(["h1"]);
});
