/**
 * Rules that a fleet under ordinary faults survives without, so that random schedules hardly ever show what they are for.
 * Each is weakened here in the one story that needs it; the same story under the production rules goes well.
 */
import { describe, expect, test } from "vitest";
import type { Message } from "../src/messages.ts";
import { grantMs, profiles } from "../src/profile.ts";
import { createDeadManWith, productionRules, type Rules } from "../src/testing.ts";
import { after, type Now } from "../src/time.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const hosts = ["h1", "h2", "h3", "h4"];

function settled(rules: Partial<Rules>): { fleet: SmallFleet; owner: string } {
  const fleet = new SmallFleet({ hosts, guests: [promised("g")], rules });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(6_000);
  return { fleet, owner: fleet.running("g")[0] ?? "" };
}

/** The story, told twice. `unsafe` says whether the promise broke. */
function twice(name: string, rules: Partial<Rules>, unsafe: (rules: Partial<Rules>) => boolean): void {
  describe(name, () => {
    test("holds under the production rules", () => expect(unsafe({})).toBe(false));
    test("breaks when the rule is weakened", () => expect(unsafe(rules)).toBe(true));
  });
}

twice("replies to an earlier life accepted", { acceptsReply: () => true, nextLife: (life) => life }, (rules) => {
  const { fleet, owner } = settled(rules);
  const held: { readonly from: string; readonly message: Message }[] = [];
  fleet.stopAgent(owner);
  fleet.drop = (from, to, message) => {
    if (to !== owner || message.kind !== "renew-reply") return false;
    held.push({ from, message });
    return true;
  };
  fleet.startAgent(owner);
  fleet.pass(100);
  fleet.stopAgent(owner);
  fleet.pass(20_000);
  // Answers to attempt 1 of the earlier life arrive while attempt 1 of this one is under way.
  fleet.startAgent(owner);
  for (const { from, message } of held.splice(0)) fleet.give(owner, { kind: "message", from, message });
  return (fleet.view(owner)?.leaseRemainingMs ?? 0) > 0;
});

twice("a new incarnation before the old one is confirmed off", { mayReincarnate: () => true }, (rules) => {
  const { fleet, owner } = settled(rules);
  const m = fleet.machine(owner);
  m.cut = true;
  fleet.passUntil(() => fleet.running("g").some((h) => h !== owner), 12_000);
  m.hanging.add("destroy");
  m.cut = false;
  fleet.pass(4_000);
  return (fleet.view(owner)?.inc ?? 0) > 1 && fleet.state(owner, "g") !== "off";
});

test("drift beyond rho: with a voter clock 40 % fast and D_A computed for 0.1 %, a fence comes before the slow host is dead", () => {
  const { lan } = profiles;
  const deadMs = lan.fenceMs + lan.stopMs;
  const fenceAtMs = (voterRate: number) => grantMs(lan) / voterRate;
  expect(fenceAtMs(1 + lan.rho)).toBeGreaterThan(deadMs / (1 - lan.rho));
  expect(fenceAtMs(1.4)).toBeLessThan(deadMs);
});

twice(
  "a resume under way taken for a suspended guest",
  { isStopped: (_guest, state) => state !== "running" && state !== "unknown" },
  (rules) => {
    const deadMan = createDeadManWith({ ...productionRules, ...rules });
    const guest = { guest: "g", uuid: "u", resumeInFlight: true, onIsolated: { kind: "pause" } } as const;
    const feed = {
      bootId: "b",
      deadline: { bootMs: 1_000, monoMs: 1_000 },
      killMs: 500,
      stopMs: 1_000,
      pollMs: 100,
      guests: [guest],
    };
    const at = (ms: number): Now => ({ bootMs: ms, monoMs: ms });
    deadMan.step({ kind: "start", bootId: "b", feed, guests: [] }, at(500));
    let killed = false;
    for (let ms = 600; ms <= 2_500; ms += 100) {
      deadMan.step({ kind: "poll", feed }, at(ms));
      killed ||= deadMan.takeReady().act.some((act) => act.kind === "kill");
      if (!killed) deadMan.step({ kind: "observed", guests: [{ guest: "g", state: "paused" }] }, at(ms));
    }
    // At 3 s libvirtd wakes up and carries out the resume that it was given before the deadline.
    return !killed;
  },
);

twice("a lease timed from the answer", { leaseStart: (_sentAt, ackedAt) => ackedAt }, (rules) => {
  const { fleet, owner } = settled(rules);
  fleet.drop = (from, to, message) => {
    if (to !== owner || message.kind !== "renew-reply" || from === owner) return false;
    fleet.at(3_500, () => fleet.give(owner, { kind: "message", from, message }));
    return true;
  };
  fleet.pass(8_000);
  let unsafe = false;
  fleet.drop = (from, to, message) => {
    if (from === owner && to !== owner && message.kind === "renew") return true;
    if (to !== owner || message.kind !== "renew-reply" || from === owner) return false;
    fleet.at(3_500, () => fleet.give(owner, { kind: "message", from, message }));
    return true;
  };
  fleet.pass(15_000, () => {
    if (fleet.running("g").length > 1) unsafe = true;
  });
  return unsafe;
});

twice("a takeover without the incarnation fence", { needsFence: () => false }, (rules) => {
  const { fleet, owner } = settled(rules);
  fleet.drop = (from, _to, message) => from === owner && message.kind === "gossip-push";
  for (const host of hosts)
    if (host !== owner) {
      fleet.stopAgent(host);
      fleet.startAgent(host);
    }
  let unsafe = false;
  for (const host of hosts)
    if (host !== owner) fleet.give(host, { kind: "operator", command: { kind: "claim", guest: "g" } });
  fleet.pass(12_000, () => {
    if (fleet.running("g").length > 1) unsafe = true;
  });
  return unsafe;
});

twice("a found copy resumed although others ran past it", { keepsFoundCopy: () => true }, (rules) => {
  const { fleet, owner } = settled(rules);
  const other = hosts.find((h) => h !== owner) ?? "";
  // An old copy, paused, on a host that is cut off from everything for a while.
  fleet.machine(other).cut = true;
  fleet.place(other, "g", "paused", 1);
  const old = fleet.machine(other).domains.get("g")?.process?.pid;
  fleet.pass(2_000);
  fleet.give(owner, { kind: "operator", command: { kind: "release", guest: "g", to: other } });
  fleet.pass(1_000);
  fleet.machine(other).cut = false;
  fleet.passUntil(() => fleet.running("g").length === 1, 20_000);
  const [now = ""] = fleet.running("g");
  return fleet.machine(now).domains.get("g")?.process?.pid === old;
});

twice(
  "a hold-down of nothing: whoever is heard first after an outage calls the others dead",
  { holdDownMs: () => 0 },
  (rules) => {
    const { fleet } = settled(rules);
    const cut = (hostsCut: readonly string[], value: boolean) => {
      for (const h of hostsCut) fleet.machine(h).cut = value;
    };
    cut(hosts, true);
    fleet.pass(30_000);
    // The owner's cable is plugged in 2 s after the others'.
    const owner = [...fleet.machines.keys()].find((h) => fleet.state(h, "g") === "paused") ?? "";
    cut(
      hosts.filter((h) => h !== owner),
      false,
    );
    fleet.pass(2_000);
    cut([owner], false);
    fleet.pass(10_000);
    return fleet.running("g")[0] !== owner;
  },
);

test("a deadline on two clocks: the later reading of the holder never outlives the earlier reading of the voter", () => {
  const now: Now = { bootMs: 0, monoMs: 0 };
  const until = after(now, 1_000);
  for (const [bootMs, monoMs] of [
    [1_000, 0],
    [0, 1_000],
    [999, 999],
    [1_000, 1_000],
  ] as const) {
    const then = { bootMs, monoMs };
    if (productionRules.voterPassed(until, then)) expect(productionRules.holderPassed(until, then)).toBe(true);
  }
});
