import { productionBuilds } from "./builds.ts";
import { inertDeadMan } from "./inert-dead-man.ts";
import { buildsWith, type Mutant, mutant, withRules } from "./mutant.ts";

/** Weakenings on the host: start, resume, release, new incarnation, and the dead-man. */
export const guestMutants: readonly Mutant[] = [
  mutant(
    { name: "no-dead-man", weakens: "nobody enforces the deadline when the agent is stopped", seeds: 100 },
    { builds: { ...productionBuilds, deadMan: inertDeadMan } },
  ),
  mutant(
    {
      name: "no-recheck",
      weakens: "a guest is resumed after its start without another look at lease, claim and time",
      seeds: 400,
      draw: { kinds: ["slow-hypervisor", "hang", "power-loss", "partition", "freeze"] },
    },
    { builds: buildsWith({ mayResume: () => true, mustSuspend: () => false }), loop: { ignoresNotAfter: true } },
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
    {
      name: "no-kill",
      weakens: "the dead-man suspends and never kills",
      seeds: 400,
      draw: { kinds: ["hang", "partition", "agent-stop", "deaf", "mute"], timing: "adversarial" },
    },
    { killsUnconfirmed: () => false },
  ),
  withRules(
    {
      name: "unknown-is-stopped",
      weakens: "a guest whose state nobody knows counts as stopped",
      seeds: 400,
      draw: {
        kinds: ["hang", "slow-hypervisor", "partition", "agent-stop", "libvirtd-restart"],
        timing: "adversarial",
      },
    },
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
