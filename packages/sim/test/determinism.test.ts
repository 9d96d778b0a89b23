import { expect, test } from "vitest";
import { drawFleet } from "../src/draw-fleet.ts";
import { Journal } from "../src/journal.ts";
import { runFleet } from "../src/run-fleet.ts";

test("the same seed gives the same trace, with or without a journal, and another seed gives another", () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    const first = runFleet(drawFleet(seed));
    const second = runFleet(drawFleet(seed), { journal: new Journal() });
    expect(second.traceHash, `seed ${seed}`).toBe(first.traceHash);
    expect(second.events).toBe(first.events);
    hashes.add(first.traceHash);
  }
  expect(hashes.size).toBe(12);
});

test("seeds draw all sizes, all voter counts, all profiles and both timings", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 300; seed++) {
    const { hosts, witnesses, voters, profile, timing } = drawFleet(seed);
    for (const fact of [`hosts ${hosts}+${witnesses}`, `voters ${voters.length}`, profile, timing]) seen.add(fact);
  }
  for (const fact of [
    ...["hosts 1+0", "hosts 2+0", "hosts 2+1", "hosts 3+0", "hosts 5+0", "hosts 9+0"],
    ...["voters 1", "voters 3", "voters 5"],
    ...["fast", "lan", "lan-watchdog", "standard", "wan"],
    ...["ordinary", "adversarial"],
  ]) {
    expect(seen, fact).toContain(fact);
  }
});

test("seeds draw every kind of fault that is within the assumptions", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 500; seed++) for (const { kind } of drawFleet(seed).faults) kinds.add(kind);
  for (const kind of [
    "partition",
    "one-way",
    "deaf",
    "mute",
    "outage",
    "weather",
    "hold",
    "agent-crash",
    "agent-stop",
  ]) {
    expect(kinds).toContain(kind);
  }
  for (const kind of [
    "deadman-stop",
    "agent-restart",
    "wipe-disk",
    "slow-disk",
    "power-loss",
    "fleet-power-cut",
    "freeze",
  ]) {
    expect(kinds).toContain(kind);
  }
  for (const kind of [
    "libvirtd-restart",
    "slow-hypervisor",
    "hang",
    "unkillable",
    "hand-start",
    "hand-resume",
    "policy",
  ]) {
    expect(kinds).toContain(kind);
  }
  for (const kind of ["class", "add-host", "replace-voter", "drain", "release"]) expect(kinds).toContain(kind);
  for (const kind of ["lost-fsync", "drift", "both-stopped", "blind-freeze"]) expect(kinds).not.toContain(kind);
});
