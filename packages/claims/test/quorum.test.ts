import fc from "fast-check";
import { expect, test } from "vitest";
import { compareBallots } from "../src/ballot.ts";
import { isQuorum, isVoterCountAllowed, majority, reachedByMajority, recommendedVoters } from "../src/quorum.ts";
import type { Ballot } from "../src/words.ts";

/** The dumb second implementation: strike voters off a list, one by one, and look which side is larger. */
function isQuorumDumb(voters: readonly string[], answers: readonly string[]): boolean {
  const silent = [...voters];
  const heard: string[] = [];
  for (const answer of answers) {
    const at = silent.indexOf(answer);
    if (at >= 0) heard.push(...silent.splice(at, 1));
  }
  return heard.length > silent.length;
}

/** The dumb second implementation: walk along the moments and ask at each whether more than half are there. */
function reachedDumb(size: number, moments: readonly number[]): number {
  for (const at of [...moments].sort((a, b) => a - b)) {
    let there = 0;
    for (const moment of moments) if (moment <= at) there += 1;
    if (there > size - there) return at;
  }
  return Number.POSITIVE_INFINITY;
}

const voterSet = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), { minLength: 0, maxLength: 7 });
const answers = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "stranger"), { maxLength: 20 });

test("a quorum is a set of voters: strangers and repetitions never help", () => {
  fc.assert(
    fc.property(voterSet, answers, (v, a) => {
      expect(isQuorum(v, a)).toBe(isQuorumDumb(v, a));
    }),
  );
});

test("any two quorums of one set share a voter", () => {
  fc.assert(
    fc.property(voterSet, answers, answers, (v, a, b) => {
      fc.pre(isQuorum(v, a) && isQuorum(v, b));
      expect(v.some((voter) => a.includes(voter) && b.includes(voter))).toBe(true);
    }),
  );
});

test("an empty voter set never decides", () => {
  expect(isQuorum([], ["a", "b"])).toBe(false);
  expect(majority(0)).toBe(1);
});

test("the moment a majority is reached is the first at which more than half are there", () => {
  fc.assert(
    fc.property(voterSet, fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 7 }), (v, moments) => {
      const few = moments.slice(0, v.length);
      expect(reachedByMajority(v.length, few)).toBe(reachedDumb(v.length, few));
    }),
  );
});

test.each([
  [1, 1],
  [2, 1],
  [3, 3],
  [9, 3],
  [10, 5],
  [1000, 5],
])("%i agents should have %i voters", (agents, voters) => {
  expect(recommendedVoters(agents)).toBe(voters);
});

test("a voter set is never even and never above 7", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(isVoterCountAllowed)).toEqual([1, 3, 5, 7]);
});

const ballot: fc.Arbitrary<Ballot> = fc.record({
  n: fc.integer({ min: 0, max: 3 }),
  host: fc.constantFrom("a", "b"),
  life: fc.integer({ min: 1, max: 2 }),
});

test("ballots are totally ordered, and two different ones are never equal", () => {
  fc.assert(
    fc.property(ballot, ballot, ballot, (a, b, c) => {
      expect(Math.sign(compareBallots(a, b))).toBe(-Math.sign(compareBallots(b, a)) + 0);
      expect(compareBallots(a, b) === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      if (compareBallots(a, b) <= 0 && compareBallots(b, c) <= 0) expect(compareBallots(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});
