import { type Mutant, mutant, withRules } from "./mutant.ts";

/** Weakenings of times and clocks: how long a lease is, from when it counts, and by which clock. */
export const clockMutants: readonly Mutant[] = [
  withRules(
    { name: "lease-from-ack", weakens: "the lease is timed from the answer, not from the sending", seeds: 200 },
    { leaseStart: (_sent, acked) => acked },
  ),
  withRules(
    {
      name: "grant-without-kill-budget",
      weakens: "D_A = T_fence: no time for suspend, kill and watchdog",
      seeds: 200,
      draw: { timing: "adversarial" },
    },
    { grantMs: (profile) => profile.fenceMs },
  ),
  withRules(
    {
      name: "grant-without-watchdog-budget",
      weakens: "D_A leaves out the time that the watchdog device needs",
      seeds: 400,
      draw: { timing: "adversarial", profile: "lan-watchdog" },
    },
    { grantMs: (profile) => profile.fenceMs + profile.stopMs + profile.pollMs },
  ),
  withRules(
    { name: "no-quarantine", weakens: "a voter that restarts answers at once", seeds: 200 },
    { quarantineMs: () => 0 },
  ),
  withRules(
    {
      name: "monotonic-holder",
      weakens: "the holder trusts the clock that stands still while the host sleeps",
      seeds: 200,
    },
    { holderPassed: (deadline, now) => now.monoMs >= deadline.monoMs },
  ),
  withRules(
    { name: "hasty-voter", weakens: "a voter's lease is over when either clock says so", seeds: 400 },
    { voterPassed: (deadline, now) => now.bootMs >= deadline.bootMs || now.monoMs >= deadline.monoMs },
  ),
  withRules(
    {
      name: "late-answer-counts",
      weakens: "an answer that comes after the lease it grants still extends it",
      seeds: 400,
    },
    { ackInTime: () => true },
  ),
  withRules(
    { name: "feed-of-another-boot", weakens: "the dead-man believes a deadline of an earlier boot", seeds: 400 },
    { feedCounts: (feed): feed is NonNullable<typeof feed> => feed !== undefined },
  ),
  mutant(
    {
      name: "drift-beyond-rho",
      weakens: "a host's clock runs a fifth slow",
      seeds: 100,
      draw: { profile: "lan", extra: [{ kind: "drift", host: 0, rate: 0.8, atMs: 1000 }] },
    },
    {},
  ),
];
