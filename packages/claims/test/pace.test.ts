import { expect, test } from "vitest";
import type { Act } from "../src/index.ts";
import { SmallFleet } from "./small-fleet.ts";
import { promised } from "./small-machine.ts";

const names = (count: number) => Array.from({ length: count }, (_, i) => `vm${i}`);

/** Guests that this host owns and that do not run yet. */
function pending(fleet: SmallFleet, host: string): number {
  const { store, domains } = fleet.machine(host);
  const owned = [...store.values()].filter((r) => r.kind === "owned" && r.value !== null);
  return owned.filter((r) => r.kind === "owned" && !domains.has(r.guest)).length;
}

test("three hundred guests are claimed as far as they can be started, never more than 96 at a time", () => {
  const guests = names(300).map((g) => promised(g));
  const fleet = new SmallFleet({ hosts: ["h1"], voters: ["h1"], guests });
  let most = 0;
  const watch = () => {
    most = Math.max(most, pending(fleet, "h1"));
  };
  for (let second = 0; second < 9; second += 1) fleet.pass(1_000, watch);
  expect(names(300).every((g) => fleet.running(g).length === 1)).toBe(true);
  expect(most).toBeGreaterThan(50);
  expect(most).toBeLessThanOrEqual(96);
});

test("guests whose start fails do not keep the others from being claimed", () => {
  const guests = names(150).map((g) => promised(g));
  const fleet = new SmallFleet({ hosts: ["h1"], voters: ["h1"], guests });
  fleet.machine("h1").failing.add("start-paused" satisfies Act["kind"]);
  fleet.pass(10_000);
  fleet.machine("h1").failing.clear();
  fleet.passUntil(() => names(150).every((g) => fleet.running(g).length === 1), 40_000);
});

test("in quiet times a host with many guests looks at few of them with each answer of a voter", () => {
  const fleet = new SmallFleet({ hosts: ["h1", "h2", "h3"], guests: names(200).map((g) => promised(g)) });
  fleet.passUntil(() => names(200).every((g) => fleet.running(g).length === 1), 10_000);
  fleet.pass(10_000);
  fleet.powerOff("h3");
  fleet.pass(60_000);
  // Whoever looked at each guest anew would repeat claims before their time, or ask about a dead host again and again.
  fleet.messages = [];
  fleet.pass(30_000);
  const kinds = new Set(fleet.messages.filter((m) => m.from === "h1").map((m) => m.message.kind));
  expect(kinds.has("fence")).toBe(false);
  expect(names(200).every((g) => fleet.running(g).length === 1)).toBe(true);
});
