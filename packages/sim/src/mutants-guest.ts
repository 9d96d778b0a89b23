import { productionBuilds } from "./builds.ts";
import { inertDeadMan } from "./inert-dead-man.ts";
import { type Mutant, mutant, withRules } from "./mutant.ts";

/** Weakenings on the host: start, resume, release, new incarnation, and the dead-man. */
export const guestMutants: readonly Mutant[] = [
  mutant(
    { name: "no-dead-man", weakens: "nobody enforces the deadline when the agent is stopped", seeds: 100 },
    { builds: { ...productionBuilds, deadMan: inertDeadMan } },
  ),
  withRules(
    { name: "no-recheck", weakens: "a guest is resumed without another look at lease and claim", seeds: 200 },
    { mayResume: () => true },
  ),
  withRules(
    {
      name: "told-before-forgotten",
      weakens: "a release is told to the voters before it is durably forgotten",
      seeds: 400,
    },
    { forgetsBeforeTelling: () => false },
  ),
  withRules(
    { name: "released-while-alive", weakens: "a release is told before the process is confirmed gone", seeds: 200 },
    { confirmedGone: () => true },
  ),
  withRules(
    {
      name: "reincarnated-while-alive",
      weakens: "a new incarnation begins before the guests of the old one are off",
      seeds: 400,
    },
    { mayReincarnate: () => true },
  ),
  withRules(
    { name: "no-kill", weakens: "the dead-man suspends and never kills", seeds: 400 },
    { killsUnconfirmed: () => false },
  ),
  withRules(
    {
      name: "paused-is-stopped",
      weakens: "a suspended guest counts as stopped although a resume is under way",
      seeds: 400,
    },
    { isStopped: (_guest, state) => state === "off" || state === "paused" },
  ),
  withRules(
    { name: "unknown-is-stopped", weakens: "a guest whose state nobody knows counts as stopped", seeds: 400 },
    { isStopped: (_guest, state) => state !== "running" },
  ),
  withRules(
    {
      name: "watchdog-always-fed",
      weakens: "the watchdog device is fed although a guest cannot be stopped",
      seeds: 400,
      draw: { profile: "lan-watchdog", kinds: ["unkillable", "partition", "agent-stop", "deaf", "mute"] },
    },
    { feedsWatchdog: () => true },
  ),
  mutant(
    {
      name: "no-watchdog",
      weakens: "hypervisor processes that cannot be killed, and no watchdog device",
      seeds: 200,
      draw: { profile: "lan", timing: "adversarial", kinds: ["unkillable", "partition", "agent-stop", "deaf", "mute"] },
    },
    {},
  ),
];
