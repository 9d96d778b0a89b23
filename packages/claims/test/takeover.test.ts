import { expect, test } from "vitest";
import { grantMs, profiles } from "../src/profile.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const names = (count: number) => Array.from({ length: count }, (_, i) => `g${i}`);
const five = ["h1", "h2", "h3", "h4", "h5"];

/** Five hosts, voters h1 to h3, one guest, running. */
function settled(change: Partial<ConstructorParameters<typeof SmallFleet>[0]> = {}): {
  fleet: SmallFleet;
  owner: string;
} {
  const fleet = new SmallFleet({ hosts: five, guests: [promised("g")], ...change });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(2_000);
  return { fleet, owner: fleet.running("g")[0] ?? "" };
}

test("every promised guest runs on exactly one host soon after the fleet starts, and the load is spread", () => {
  const fleet = new SmallFleet({ hosts: five, guests: names(20).map((g) => promised(g)) });
  fleet.passUntil(() => names(20).every((g) => fleet.running(g).length === 1), 6_000);
  const loads = five.map((h) => fleet.machine(h).domains.size);
  expect(Math.max(...loads)).toBeLessThanOrEqual(5);
});

test.each([
  ["lan", profiles.lan, 6_000],
  ["fast", profiles.fast, 4_000],
] as const)("after a power cut a guest runs elsewhere within the failover formula (%s)", (_name, profile, limitMs) => {
  const { fleet, owner } = settled({ profile, voters: ["h1", "h2", "h3"] });
  fleet.powerOff(owner);
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
  expect(tookMs).toBeLessThan(limitMs);
  expect(tookMs).toBeGreaterThan(grantMs(profile) - profile.renewMs - 100);
});

test("a host that is cut off suspends its guest before another host starts it, and destroys its copy after the heal", () => {
  const { fleet, owner } = settled();
  fleet.machine(owner).cut = true;
  fleet.passUntil(() => fleet.running("g").some((h) => h !== owner), 10_000);
  expect(fleet.running("g")).toHaveLength(1);
  expect(fleet.state(owner, "g")).toBe("paused");
  fleet.machine(owner).cut = false;
  fleet.passUntil(() => fleet.state(owner, "g") === "off", 10_000);
  expect(fleet.view(owner)?.inc).toBe(2);
  fleet.pass(5_000);
  expect(fleet.running("g")).toHaveLength(1);
});

test("a short outage pauses nothing, a longer one pauses, and whoever still owns the guest resumes it", () => {
  const { fleet, owner } = settled();
  const cutAll = (cut: boolean) => {
    for (const m of fleet.machines.values()) m.cut = cut;
  };
  cutAll(true);
  fleet.pass(2_000);
  cutAll(false);
  fleet.pass(3_000);
  expect(fleet.machine(owner).acts.filter((a) => a.startsWith("suspend g"))).toEqual([]);
  cutAll(true);
  fleet.pass(30_000);
  expect(fleet.state(owner, "g")).toBe("paused");
  cutAll(false);
  fleet.passUntil(() => fleet.running("g").length === 1, 5_000);
  expect(fleet.running("g")).toEqual([owner]);
  expect(fleet.view(owner)?.inc).toBe(1);
});

test("the fence of a dead owner travels with the PREPARE: two round trips, one FENCE for all its guests", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2", "h3"], guests: names(6).map((g) => promised(g)) });
  fleet.pass(6_000);
  const victim = fleet.running("g0")[0] ?? "";
  const survivors = fleet.config.voters.map((v) => v.host).filter((h) => h !== victim);
  const mine = names(6).filter((g) => fleet.running(g)[0] === victim);
  expect(mine.length).toBeGreaterThan(0);
  fleet.powerOff(victim);
  fleet.messages = [];
  fleet.passUntil(() => mine.every((g) => fleet.running(g).length === 1), 10_000);
  for (const host of survivors) {
    const sent = fleet.messages.filter((m) => m.from === host && m.to !== victim);
    const fences = sent.filter((m) => m.message.kind === "fence");
    if (fences.length === 0) continue;
    const prepares = sent.filter((m) => m.message.kind === "prepare" && m.message.guests.some((g) => mine.includes(g)));
    expect(prepares.some((p) => p.atMs === fences[0]?.atMs)).toBe(true);
    expect(fences.length).toBeLessThanOrEqual(survivors.length);
  }
});

test("a live owner is never fenced, however often others want its guest", () => {
  const { fleet, owner } = settled();
  fleet.messages = [];
  for (const host of five)
    if (host !== owner) fleet.give(host, { kind: "operator", command: { kind: "claim", guest: "g" } });
  fleet.pass(5_000);
  expect(fleet.messages.filter((m) => m.message.kind === "fence")).toEqual([]);
  expect(fleet.running("g")).toEqual([owner]);
});

test("a claimed guest is started paused, and resumed only by a second order", () => {
  const { fleet, owner } = settled();
  expect(fleet.machine(owner).acts.filter((a) => !a.startsWith("dead-man"))).toEqual(["start-paused g", "resume g"]);
});

test("the claim is durable and the dead-man's list names the guest before it is started", () => {
  const { fleet, owner } = settled();
  const { trace } = fleet.machine(owner);
  const at = (entry: string) => trace.indexOf(entry);
  expect(at("persist owned/g")).toBeGreaterThan(-1);
  expect(at("persist owned/g")).toBeLessThan(at("act start-paused g"));
  expect(trace.slice(at("persist owned/g"), at("act start-paused g"))).toContain("feed g");
});

test("the dead-man knows the process, and that a resume is under way, before the resume is ordered", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  m.hanging.add("resume");
  m.acts = [];
  fleet.machine(owner).domains.clear();
  fleet.look(owner);
  fleet.passUntil(() => m.acts.includes("resume g"), 5_000);
  expect(m.feed?.guests[0]).toMatchObject({ guest: "g", resumeInFlight: true, process: { pid: expect.any(Number) } });
});

test("a start so slow that the lease is lost meanwhile ends paused: it is resumed nowhere by mistake", () => {
  const { fleet, owner } = settled();
  fleet.powerOff(owner);
  let twice = 0;
  const next = five.filter((h) => h !== owner);
  for (const h of next) fleet.machine(h).hanging.add("start-paused");
  fleet.passUntil(() => next.some((h) => fleet.machine(h).acts.includes("start-paused g")), 10_000);
  const slow = next.find((h) => fleet.machine(h).acts.includes("start-paused g")) ?? "";
  fleet.machine(slow).cut = true;
  for (const h of next) if (h !== slow) fleet.machine(h).hanging.clear();
  fleet.pass(9_000, () => {
    if (fleet.running("g").length > 1) twice += 1;
  });
  fleet.place(slow, "g", "paused");
  fleet.look(slow);
  fleet.pass(3_000);
  expect(fleet.state(slow, "g")).toBe("paused");
  expect(twice).toBe(0);
});

test("without a sign of life of the dead-man nothing is started or resumed", () => {
  const fleet = new SmallFleet({ hosts: ["h1"], voters: ["h1"] });
  fleet.machine("h1").deadMan = undefined;
  fleet.pass(3_000);
  fleet.setPolicy([promised("g")]);
  fleet.pass(10_000);
  expect(fleet.machine("h1").acts.filter((a) => a.startsWith("start"))).toEqual([]);
  fleet.startDeadMan("h1");
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
});

test("a host that cannot start a guest leaves it to the second best", () => {
  const { fleet, owner } = settled();
  const order = five.filter((h) => h !== owner);
  fleet.powerOff(owner);
  const refuse = (h: string) => {
    const m = fleet.machine(h);
    m.hanging.add("start-paused");
  };
  order.forEach(refuse);
  fleet.passUntil(() => order.some((h) => fleet.machine(h).acts.includes("start-paused g")), 10_000);
  const first = order.find((h) => fleet.machine(h).acts.includes("start-paused g")) ?? "";
  for (const h of order) if (h !== first) fleet.machine(h).hanging.clear();
  for (let failures = 1; failures <= 3; failures += 1) {
    fleet.passUntil(() => fleet.machine(first).acts.filter((a) => a === "start-paused g").length >= failures, 20_000);
    const act = { id: -1, guest: "g", why: "", kind: "start-paused" } as const;
    const ordered = fleet.lastAct(first) ?? act;
    fleet.give(first, { kind: "act-done", act: ordered, outcome: "failed", reason: "no disk" });
    fleet.look(first);
  }
  fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
  expect(fleet.running("g")[0]).not.toBe(first);
});

test("owners repeat their claims every 60 s, which brings a lagging voter up to date", () => {
  const { fleet, owner } = settled();
  const laggard = fleet.machine("h3").store;
  const before = laggard.get("voter-register/g");
  laggard.delete("voter-register/g");
  fleet.stopAgent("h3");
  fleet.startAgent("h3");
  fleet.pass(70_000);
  expect(before).toBeDefined();
  expect(laggard.get("voter-register/g")).toMatchObject({ value: { value: { owner } } });
});

test("a crash between the chosen claim and its record leaves no orphan: the host claims again at once", () => {
  const { fleet, owner } = settled();
  const m = fleet.machine(owner);
  m.store.delete("owned/g");
  m.domains.clear();
  fleet.stopAgent(owner);
  fleet.startAgent(owner);
  const tookMs = fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
  expect(fleet.running("g")).toEqual([owner]);
  expect(tookMs).toBeLessThan(4_000);
});

test("a guest whose process does not answer is resumed ever more slowly, and a person is told once", () => {
  const { fleet, owner } = settled();
  const { domains, acts, notes, failing } = fleet.machine(owner);
  failing.add("resume");
  const stuck = domains.get("g");
  if (stuck !== undefined) domains.set("g", { ...stuck, state: "paused" });
  fleet.look(owner);
  const before = acts.length;
  fleet.pass(60_000);
  const resumes = acts.slice(before).filter((act) => act === "resume g").length;
  expect(resumes).toBeGreaterThan(12);
  expect(resumes).toBeLessThan(20);
  expect(acts.slice(before)).not.toContain("destroy g");
  expect(notes.filter(({ code }) => code === "GUEST_STUCK")).toHaveLength(1);
});

test("the last word of a host that lost power raises no alarm of a duplicate once its guest runs elsewhere", () => {
  const { fleet, owner } = settled();
  fleet.powerOff(owner);
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(3_000);
  const alarms = [...fleet.machines.values()].flatMap(({ notes }) => notes.filter((n) => n.code === "DUPLICATE_GUEST"));
  expect(alarms).toEqual([]);
});

test("a host tells the others how many guests it carries, as soon as it has won them", () => {
  const fleet = new SmallFleet({ hosts: five, guests: names(10).map((g) => promised(g)) });
  fleet.passUntil(() => names(10).every((g) => fleet.running(g).length === 1), 6_000);
  fleet.pass(500);
  const told = new Map<string, number>();
  for (const { message } of fleet.messages)
    if (message.kind === "gossip-push")
      for (const { origin, body } of message.entries) if (body?.kind === "host") told.set(origin, body.load);
  for (const host of five) expect(told.get(host)).toBe(fleet.machine(host).domains.size);
});
