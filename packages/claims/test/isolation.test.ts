import { expect, test } from "vitest";
import type { OnIsolated } from "../src/index.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

/** Two hosts without a witness: whoever is cut off has no majority, and nobody takes over. */
function cutOff(onIsolated: OnIsolated, mode: "quorum" | "gossip" = "quorum"): SmallFleet {
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], voters: ["h1"], guests: [promised("g", { onIsolated, mode })] });
  fleet.machine("h1").policy = [];
  fleet.setPolicy([], "h1");
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.pass(1_000);
  fleet.machine("h2").cut = true;
  fleet.pass(5_000);
  return fleet;
}

test("on_isolated pause: suspended when the lease ends, resumed when it is back", () => {
  const fleet = cutOff({ kind: "pause" });
  expect(fleet.state("h2", "g")).toBe("paused");
  fleet.pass(30_000);
  expect(fleet.state("h2", "g")).toBe("paused");
  fleet.machine("h2").cut = false;
  fleet.passUntil(() => fleet.running("g").length === 1, 3_000);
  expect(fleet.machine("h2").acts.filter((a) => a === "start-paused g")).toHaveLength(1);
});

test("on_isolated down: off when the lease ends, started again when it is back", () => {
  const fleet = cutOff({ kind: "down" });
  expect(fleet.state("h2", "g")).toBe("off");
  fleet.machine("h2").cut = false;
  fleet.passUntil(() => fleet.running("g").length === 1, 3_000);
});

test("on_isolated pause_then_down: paused first, off after its time", () => {
  const fleet = cutOff({ kind: "pause-then-down", afterMs: 10_000 });
  expect(fleet.state("h2", "g")).toBe("paused");
  fleet.pass(12_000);
  expect(fleet.state("h2", "g")).toBe("off");
});

test("on_isolated run, in gossip mode: the guest runs on", () => {
  const fleet = cutOff({ kind: "run" }, "gossip");
  fleet.pass(30_000);
  expect(fleet.state("h2", "g")).toBe("running");
  expect(fleet.machine("h2").feed?.guests).toEqual([]);
});

test("the agent suspends at the end of its lease even when the dead-man is stopped", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2"], voters: ["h1"], guests: [promised("g")] });
  fleet.setPolicy([], "h1");
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  fleet.machine("h2").deadMan = undefined;
  fleet.machine("h2").cut = true;
  fleet.passUntil(() => fleet.state("h2", "g") === "paused", 4_500);
});

test("gossip mode: each side of a partition runs a copy, and one is left soon after the heal, the longest running", () => {
  const guests = [promised("g", { mode: "gossip", onIsolated: { kind: "run" } })];
  const fleet = new SmallFleet({ hosts: ["h1", "h2", "h3"], guests });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  const first = fleet.running("g")[0] ?? "";
  fleet.pass(3_000);
  fleet.machine(first).cut = true;
  fleet.passUntil(() => fleet.running("g").length === 2, 15_000);
  fleet.machine(first).cut = false;
  for (const h of ["h1", "h2", "h3"])
    if (h !== first) {
      fleet.give(first, { kind: "peer-connected", host: h });
      fleet.give(h, { kind: "peer-connected", host: first });
    }
  fleet.passUntil(() => fleet.running("g").length === 1, 5_000);
  fleet.pass(10_000);
  expect(fleet.running("g")).toEqual([first]);
});

test("gossip mode: a guest runs without any majority of voters", () => {
  const guests = [promised("g", { mode: "gossip", onIsolated: { kind: "run" } })];
  const fleet = new SmallFleet({ hosts: ["h1", "h2", "h3"], guests, off: ["h2", "h3"] });
  fleet.passUntil(() => fleet.running("g").length === 1, 10_000);
  expect(fleet.view("h1")?.leaseRemainingMs).toBe(0);
});
