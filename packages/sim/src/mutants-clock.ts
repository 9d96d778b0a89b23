import { type Mutant, withRules } from "./mutant.ts";

/** Weakenings of times and clocks: how long a lease is, from when it counts, and by which clock. */
export const clockMutants: readonly Mutant[] = [
  withRules(
    {
      name: "lease-from-ack",
      weakens: "the lease is timed from the answer, not from the sending",
      seeds: 200,
      draw: { timing: "adversarial", kinds: ["hold", "mute", "partition", "one-way", "weather"] },
    },
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
];
