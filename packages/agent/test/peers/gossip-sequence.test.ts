import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GossipSequence } from "../../src/peers/gossip-sequence.ts";

const life = 5;

function greeted(seq = 0): GossipSequence {
  const sequence = new GossipSequence();
  sequence.greet({ life, seq });
  return sequence;
}

describe("one origin's numbers", () => {
  it("are new once, and replayed after that", () => {
    const sequence = greeted();
    expect(sequence.receive({ life, seq: 1 }, "gossip")).toBe("new");
    expect(sequence.receive({ life, seq: 1 }, "gossip")).toBe("replayed");
  });

  it("of an earlier life are replayed, and a later life begins anew", () => {
    const sequence = greeted(7);
    expect(sequence.receive({ life: life - 1, seq: 99 }, "gossip")).toBe("replayed");
    expect(sequence.receive({ life: life + 1, seq: 3 }, "gossip")).toBe("new");
    expect(sequence.takeHole(1_000)).toBeUndefined();
  });

  it("of a smaller life count again once the origin greets with it: its clock was set back", () => {
    const sequence = greeted(7);
    sequence.greet({ life: 2, seq: 0 });
    expect(sequence.receive({ life: 2, seq: 1 }, "gossip")).toBe("new");
  });

  it("leave a hole that is asked for when it is 200 ms old, and not before", () => {
    const sequence = greeted();
    sequence.receive({ life, seq: 4 }, "gossip");
    expect(sequence.takeHole(0)).toBeUndefined();
    expect(sequence.takeHole(199)).toBeUndefined();
    expect(sequence.takeHole(200)).toEqual({ life, from: 1, to: 3 });
  });

  it("show that the last one is missing, by what the origin announces", () => {
    const sequence = greeted(3);
    sequence.announce({ life, seq: 5 });
    sequence.takeHole(0);
    expect(sequence.takeHole(300)).toEqual({ life, from: 4, to: 5 });
    expect(sequence.receive({ life, seq: 4 }, "pull")).toBe("new");
    expect(sequence.receive({ life, seq: 5 }, "pull")).toBe("new");
    expect(sequence.takeHole(1_000)).toBeUndefined();
  });

  it("that come late after a pull are duplicates and no attack", () => {
    const sequence = greeted();
    sequence.receive({ life, seq: 2 }, "gossip");
    sequence.receive({ life, seq: 1 }, "pull");
    expect(sequence.receive({ life, seq: 1 }, "gossip")).toBe("duplicate");
  });

  it("are given up after three pulls, and counted as lost", () => {
    const sequence = greeted();
    sequence.receive({ life, seq: 3 }, "gossip");
    const holes = Array.from({ length: 40 }, (_, index) => sequence.takeHole(index * 100)).filter(Boolean);
    expect(holes).toHaveLength(3);
    expect(sequence.takeLost()).toBe(2);
    expect(sequence.pullsWithoutGossip).toBe(3);
  });

  it("that jump as far as a number can cost neither memory nor time", () => {
    const sequence = greeted();
    expect(sequence.receive({ life, seq: Number.MAX_SAFE_INTEGER }, "gossip")).toBe("new");
    expect(sequence.takeLost()).toBe(Number.MAX_SAFE_INTEGER - 1);
    expect(sequence.takeHole(10_000)).toBeUndefined();
  });

  it("are told exactly once each, in whatever order and however often they come", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.boolean()), { maxLength: 120 }), (arrivals) => {
        const sequence = greeted();
        const told = new Set<number>();
        for (const [seq, pulled] of arrivals) {
          const isNew = sequence.receive({ life, seq }, pulled ? "pull" : "gossip") === "new";
          expect(isNew).toBe(!told.has(seq));
          told.add(seq);
        }
        sequence.takeHole(0);
        const hole = sequence.takeHole(500);
        const missing = Array.from({ length: Math.max(0, ...told) }, (_, index) => index + 1).filter(
          (n) => !told.has(n),
        );
        expect(hole?.from).toBe(missing[0]);
      }),
    );
  });
});
