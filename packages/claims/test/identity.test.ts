import { expect, test } from "vitest";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const hosts = ["h1", "h2", "h3", "h4"];

function settled(rules = {}): { fleet: SmallFleet; owner: string } {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], rules });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(2_000);
  return { fleet, owner: fleet.running("g")[0] ?? "" };
}

test("fenced by a majority: the guest is off and confirmed, only then the next incarnation begins", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  m.cut = true;
  fleet.passUntil(() => fleet.running("g").some((h) => h !== owner), 10_000);
  m.hanging.add("destroy");
  m.cut = false;
  fleet.pass(4_000);
  expect(fleet.view(owner)?.inc).toBe(1);
  expect(fleet.state(owner, "g")).toBe("paused");
  m.hanging.clear();
  fleet.passUntil(() => fleet.view(owner)?.inc === 2, 5_000);
  expect(fleet.state(owner, "g")).toBe("off");
});

test("replies to an earlier life are dropped", () => {
  const { fleet, owner } = settled();
  fleet.stopAgent(owner);
  const held: { from: string; message: Parameters<SmallFleet["drop"]>[2] }[] = [];
  fleet.drop = (from, to, message) => {
    if (to !== owner || message.kind !== "renew-reply") return false;
    held.push({ from, message });
    return true;
  };
  fleet.startAgent(owner);
  fleet.pass(1_500);
  fleet.stopAgent(owner);
  fleet.pass(6_000);
  fleet.startAgent(owner);
  for (const { from, message } of held) fleet.give(owner, { kind: "message", from, message });
  expect(fleet.view(owner)?.leaseRemainingMs).toBe(0);
  expect(fleet.view(owner)?.votersHeard).toBeLessThan(2);
});

test("every start of the agent is a new life, durable before anything is sent", () => {
  const { fleet, owner } = settled();
  const life = fleet.view(owner)?.life ?? 0;
  fleet.stopAgent(owner);
  fleet.machine(owner).trace = [];
  fleet.startAgent(owner);
  expect(fleet.view(owner)?.life).toBeGreaterThan(life);
  expect(fleet.machine(owner).trace[0]).toBe("persist identity");
});

test("a restarted agent leaves its guests running and goes on with the lease that it had", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  m.acts = [];
  fleet.stopAgent(owner);
  fleet.pass(1_500);
  fleet.startAgent(owner);
  fleet.pass(5_000);
  expect(m.acts).toEqual([]);
  expect(fleet.running("g")).toEqual([owner]);
  expect(fleet.view(owner)?.inc).toBe(1);
});

test("when the agent stays away the dead-man alone suspends the guest before anybody else starts it", () => {
  const { fleet, owner } = settled();
  fleet.stopAgent(owner);
  fleet.passUntil(() => fleet.running("g").some((h) => h !== owner), 12_000);
  expect(fleet.running("g")).toHaveLength(1);
  expect(fleet.machine(owner).acts).toContain("dead-man suspend g");
});

test("a host that rebooted becomes a new incarnation and takes its guest back when the old lease is over", () => {
  const fleet = new SmallFleet({ hosts: ["h1"], voters: ["h1"], guests: [promised("g")] });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.powerOff("h1");
  fleet.powerOn("h1");
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1, 15_000);
  expect(fleet.view("h1")?.inc).toBe(2);
  expect(tookMs).toBeGreaterThan(5_000);
});

test("a rebooted host whose hypervisor already started the guest takes it down before it asks for anything", () => {
  const { fleet, owner } = settled();
  fleet.powerOff(owner);
  fleet.pass(1_000);
  fleet.machine(owner).policy = [];
  fleet.messages = [];
  const m = fleet.machine(owner);
  m.hanging.add("destroy");
  fleet.place(owner, "g", "running");
  fleet.powerOn(owner);
  fleet.pass(3_000);
  expect(fleet.messages.some((x) => x.from === owner && x.message.kind === "renew")).toBe(false);
  expect(m.acts).toContain("destroy g");
});

test("of two machines with one identity the second is refused everything while the first lives", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  const clone = new SmallFleet({ hosts: [owner], voters: hosts.slice(0, 3), guests: [promised("g")] });
  clone.machine(owner).store = new Map(m.store);
  clone.machine(owner).store.delete("voter-disk");
  clone.powerOff(owner);
  clone.powerOn(owner);
  const relay = () => {
    for (const { from, to, message } of clone.messages.splice(0)) {
      if (from !== owner || message.kind !== "renew") continue;
      fleet.give(to, { kind: "message", from, message });
    }
  };
  for (let i = 0; i < 100; i += 1) {
    clone.pass(100);
    fleet.pass(100);
    relay();
  }
  expect(clone.view(owner)?.inc).toBeGreaterThan(1);
  expect(fleet.running("g")).toEqual([owner]);
  expect(fleet.view(owner)?.inc).toBe(1);
});

test("a disk that is wiped under running guests: they are taken down, not adopted, before the host asks for anything", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  fleet.stopAgent(owner);
  const disk = m.store.get("voter-disk");
  m.store.clear();
  expect(disk === undefined || disk.kind === "voter-disk").toBe(true);
  m.acts = [];
  fleet.startAgent(owner);
  fleet.pass(200);
  expect(m.feed?.guests.map((g) => g.guest)).toEqual(["g"]);
  fleet.passUntil(() => m.acts.includes("destroy g"), 2_000);
  m.trace = [];
  fleet.passUntil(() => fleet.state(owner, "g") === "off", 2_000);
  expect(m.trace.filter((entry) => entry.startsWith("send prepare"))).toEqual([]);
  fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
});

test("first lives of two empty stores differ, so that no ballot of a wiped host is used twice", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], voters: ["h1"] });
  const first = fleet.view("h1")?.life ?? 0;
  fleet.machine("h1").store.clear();
  fleet.stopAgent("h1");
  fleet.startAgent("h1");
  expect(fleet.view("h1")?.life).not.toBe(first);
  expect(Number.isSafeInteger(first)).toBe(true);
});

test("two machines that start from copies of one disk begin different lives, so that neither takes the other's answers", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], voters: ["h1"] });
  const disk = new Map(fleet.machine("h1").store);
  const lives = [1, 2].map(() => {
    fleet.stopAgent("h1");
    fleet.machine("h1").store = new Map(disk);
    fleet.startAgent("h1");
    return fleet.view("h1")?.life;
  });
  expect(lives[0]).not.toBe(lives[1]);
});
