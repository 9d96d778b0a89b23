import { type Mutant, withRules } from "./mutant.ts";

/** Weakenings of voters and claimants: what is counted, remembered, refused. */
export const quorumMutants: readonly Mutant[] = [
  withRules(
    { name: "acks-counted", weakens: "answers are counted, not voters", seeds: 200 },
    { isQuorum: (voters, answers) => answers.length >= Math.floor(voters.length / 2) + 1 },
  ),
  withRules(
    { name: "half-is-enough", weakens: "half of the voters count as a majority", seeds: 200 },
    { isQuorum: (voters, answers) => new Set(answers).size >= Math.floor(voters.length / 2) },
  ),
  withRules(
    {
      name: "registers-not-durable",
      weakens: "a voter answers before its registers are on the disk, and forgets them",
      seeds: 100,
    },
    { isDurable: (record) => record.kind !== "voter-register" },
  ),
  withRules(
    { name: "fences-not-durable", weakens: "a voter forgets fences when it restarts", seeds: 400 },
    { isDurable: (record) => record.kind !== "voter-host" },
  ),
  withRules(
    { name: "no-fence", weakens: "a takeover without the incarnation fence", seeds: 100 },
    { needsFence: () => false },
  ),
  withRules(
    { name: "fence-of-the-living", weakens: "a voter fences a host whose lease is live", seeds: 100 },
    { mayFence: (lease) => !lease.quarantined && !lease.heldDown },
  ),
  withRules(
    { name: "fence-in-quarantine", weakens: "a voter fences while it does not know what it granted", seeds: 200 },
    { mayFence: (lease) => !lease.live && !lease.heldDown },
  ),
  withRules(
    { name: "fenced-is-granted", weakens: "a fenced incarnation gets a lease again", seeds: 200 },
    { refusesRenewal: (known, inc) => inc < known.inc },
  ),
  withRules(
    { name: "promise-any", weakens: "a voter promises lower ballots too", seeds: 400 },
    { mayPromise: () => true },
  ),
  withRules(
    { name: "accept-any", weakens: "a voter accepts below what it promised", seeds: 400 },
    { mayAccept: () => true },
  ),
  withRules(
    { name: "lowest-ballot-wins", weakens: "of two accepted values the older one is taken", seeds: 400 },
    { isHigher: (a, b) => a.n < b.n },
  ),
  withRules(
    { name: "epoch-stands-still", weakens: "a change of owner keeps the epoch", seeds: 100 },
    { nextEpoch: (current) => Math.max(1, current) },
  ),
  withRules(
    { name: "one-life", weakens: "a restart does not begin another life", seeds: 400 },
    { nextLife: (previous) => Math.max(1, previous) },
  ),
  withRules(
    {
      name: "copies-count-in-step",
      weakens: "two machines with copies of one disk count their lives side by side and take each other's answers",
      seeds: 200,
      draw: { rare: true },
    },
    { nextLife: (previous) => previous + 1 },
  ),
  withRules(
    {
      name: "sealed-answers",
      weakens: "a sealed voter goes on granting and accepting",
      seeds: 400,
      draw: { hosts: 3, kinds: ["replace-voter", "weather", "hold", "partition", "release", "power-loss"] },
    },
    { answersWhenSealed: () => true },
  ),
];
