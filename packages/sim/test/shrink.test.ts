import { expect, test } from "vitest";
import { drawFleet } from "../src/draw-fleet.ts";
import type { Fault } from "../src/faults.ts";
import type { FleetSpec } from "../src/fleet-spec.ts";
import { shrink } from "../src/shrink.ts";

const restart = (atMs: number, host: number): Fault => ({ kind: "agent-restart", atMs, host });

test("shrinking leaves exactly the faults that the failure needs", () => {
  const faults = [1, 2, 3, 4, 5, 6, 7, 8].map((second) => restart(second * 1000, 0));
  const spec: FleetSpec = { ...drawFleet(1, { hosts: 3 }), faults };
  const needed = new Set([2000, 7000]);
  const fails = (candidate: FleetSpec): boolean => {
    const times = new Set(candidate.faults.map(({ atMs }) => atMs));
    return [...needed].every((time) => times.has(time));
  };
  expect(shrink(spec, fails).faults.map(({ atMs }) => atMs)).toEqual([2000, 7000]);
});

test("shrinking takes out guests that no fault names, and never the last one", () => {
  const drawn = drawFleet(1, { hosts: 3 });
  const [guest] = drawn.guests;
  if (guest === undefined) throw new Error("a fleet has guests");
  const guests = ["web1", "web2", "web3"].map((name) => ({ ...guest, name }));
  const spec = { ...drawn, guests, faults: [] };
  expect(shrink(spec, () => true).guests.map(({ name }) => name)).toEqual(["web1"]);
  const released = { ...spec, faults: [{ kind: "release" as const, atMs: 1, guest: 1, to: 0 }] };
  expect(shrink(released, ({ faults }) => faults.length === 1).guests.map(({ name }) => name)).toEqual([
    "web1",
    "web2",
  ]);
});
