/**
 * A quorum is a set of voters, never a count of messages (section 3).
 *
 * Any two majorities of one voter set share a voter; the whole safety argument hangs on that voter's memory. So answers
 * are counted by voter id, answers of strangers are not counted, and the same voter twice is one voter.
 */
import type { VoterId } from "./words.ts";

/** How many voters make a majority of `size`. For 0 voters it is 1, which nobody can reach: an empty set never decides. */
export function majority(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** Whether the answers come from a majority of the voter set. */
export function isQuorum(voters: readonly VoterId[], answers: readonly VoterId[]): boolean {
  const needed = majority(voters.length);
  if (answers.length < needed) return false;
  let distinct = 0;
  for (const voter of voters) if (answers.includes(voter)) distinct += 1;
  return distinct >= needed;
}

/**
 * The value that a majority has reached: the `majority`-th smallest of one number per voter, with those who did not
 * answer at infinity. Used for "from when on do enough voters let this host be fenced".
 */
export function reachedByMajority(size: number, values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[majority(size) - 1] ?? Number.POSITIVE_INFINITY;
}

/**
 * How many voters a fleet should have (section 7): one for a single host, 3 up to 9 hosts, 5 from 10 on.
 * Two hosts need a third agent without hypervisor, the witness, to have 3.
 */
export function recommendedVoters(agents: number): 1 | 3 | 5 {
  if (agents >= 10) return 5;
  return agents >= 3 ? 3 : 1;
}

/** Never even, never above 7 (section 7). */
export function isVoterCountAllowed(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= 7 && count % 2 === 1;
}
