import { profiles } from "@berth/claims";
import { drawFleet } from "./draw-fleet.ts";
import type { Fault } from "./faults.ts";
import type { FleetSpec, ProfileName } from "./fleet-spec.ts";
import { type Mutant, mutant, withRules } from "./mutant.ts";

/**
 * Weakenings that chance hardly ever meets: each comes with a schedule made for it. Four hosts, voters on h2 to h4, one
 * guest that only h1 may run at first.
 */
function story(faults: readonly Fault[], profile: ProfileName = "lan"): FleetSpec {
  const guest = {
    ...{ name: "web1", mode: "quorum" as const, onIsolated: { kind: "pause" as const }, eligible: [0] },
    ...{ keep: "longest_running" as const, memoryMib: 1024, runsAlreadyOn: [] },
  };
  return {
    ...{ seed: 1, profile, hosts: 4, witnesses: 0, spares: 1, voters: [1, 2, 3], guests: [guest] },
    ...{ rho: profiles[profile].rho, timing: "ordinary", faults, tailMs: 60_000 },
  };
}

const anyHost: Fault = { atMs: 10_000, kind: "class", guest: 0, hosts: [0, 1, 2] };

/** Mutants with directed schedules. */
export const storyMutants: readonly Mutant[] = [
  withRules(
    {
      name: "advance-over-live",
      weakens: "a newer incarnation is granted while the older one's lease is live",
      seeds: 0,
      directed: [story([{ atMs: 20_000, kind: "clone", host: 4, of: 0 }])],
    },
    { mayAdvance: () => true },
  ),
  withRules(
    {
      name: "clone-is-granted",
      weakens: "another machine with the same identity and incarnation gets the lease",
      seeds: 0,
      directed: [story([anyHost, { atMs: 20_000, kind: "clone", host: 4, of: 0, blank: true }])],
    },
    { isClone: () => false },
  ),
  withRules(
    {
      name: "earlier-life-counts",
      weakens: "answers to an earlier life are accepted",
      seeds: 0,
      directed: [
        story([
          anyHost,
          { atMs: 20_000, kind: "hold", host: 0, outMs: 0, inMs: 3500, forMs: 20_000 },
          { atMs: 22_000, kind: "agent-restart", host: 0 },
          { atMs: 24_000, kind: "agent-restart", host: 0 },
          { atMs: 23_900, kind: "mute", host: 0, forMs: 30_000 },
        ]),
      ],
    },
    { acceptsReply: () => true },
  ),
  withRules(
    {
      name: "told-before-forgotten",
      weakens: "a release is told to the voters before it is durably forgotten",
      seeds: 0,
      directed: [25_000, 25_500, 24_500].map((atMs) =>
        story([
          anyHost,
          { atMs: 19_900, kind: "hold", host: 0, outMs: 0, inMs: 2500, forMs: 12_000 },
          { atMs: 20_000, kind: "release", guest: 0, to: 1 },
          { atMs, kind: "agent-restart", host: 0 },
        ]),
      ),
    },
    { forgetsBeforeTelling: () => false },
  ),
  withRules(
    {
      name: "paused-is-stopped",
      weakens: "a suspended guest counts as stopped although a resume is under way",
      seeds: 0,
      directed: [
        story([
          { atMs: 1000, kind: "hang", host: 0, operation: "resume", forMs: 30_000 },
          { ...anyHost, atMs: 7000 },
          { atMs: 8000, kind: "agent-stop", host: 0, forMs: 60_000 },
        ]),
      ],
    },
    { isStopped: (_guest, state) => state === "off" || state === "paused" },
  ),
  withRules(
    {
      name: "older-is-granted",
      weakens: "an incarnation older than the known one is granted a lease where it was not fenced by name",
      seeds: 0,
      // A copied disk is cut off from one voter after the other: that voter has let in incarnation 3 and never heard of 2.
      directed: [drawFleet(561, { rare: true }), drawFleet(635, { rare: true })],
    },
    { refusesRenewal: (known, inc) => inc <= known.fenced },
  ),
  mutant(
    {
      name: "resume-after-deadline",
      weakens: "a resume that waited in the agent is begun although the lease it was decided under is over",
      seeds: 0,
      // The resume waits behind a slow sync of something else, and the agent is stopped before that is over.
      directed: [24_100, 24_150].map((atMs) =>
        story([
          anyHost,
          { atMs: 19_000, kind: "slow-disk", host: 0, slowMs: 4000, forMs: 20_000 },
          { atMs: 20_000, kind: "mute", host: 0, forMs: 3300 },
          { atMs: 20_000, kind: "hold", host: 0, outMs: 0, inMs: 300, forMs: 8000 },
          { atMs, kind: "undrain", host: 0 },
          { atMs: atMs + 1500, kind: "agent-stop", host: 0, forMs: 30_000 },
        ]),
      ),
    },
    { loop: { ignoresNotAfter: true } },
  ),
  mutant(
    {
      name: "acts-before-feed",
      weakens: "acts are begun before the dead-man's file says that a resume is under way",
      seeds: 0,
      directed: [
        story([
          { atMs: 1000, kind: "hang", host: 0, operation: "resume", forMs: 30_000 },
          { atMs: 4600, kind: "agent-stop", host: 0, forMs: 60_000 },
          { ...anyHost, atMs: 7000 },
        ]),
      ],
    },
    { loop: { actsBeforeFeed: true } },
  ),
  mutant(
    {
      name: "send-before-persist",
      weakens: "answers leave before their records are on the disk",
      seeds: 0,
      directed: [
        story([1, 2, 3].map((host) => ({ atMs: 3500, kind: "slow-disk", host, slowMs: 1500, forMs: 20_000 }))),
      ],
    },
    { loop: { sendsBeforePersist: true } },
  ),
  mutant(
    {
      name: "wiped-voter-keeps-its-name",
      weakens: "a voter whose disk was wiped answers under its old identity",
      seeds: 0,
      directed: [
        story([
          anyHost,
          { atMs: 20_000, kind: "wipe-disk", host: 1, forMs: 1000 },
          { atMs: 26_000, kind: "wipe-disk", host: 2, forMs: 1000 },
          { atMs: 35_000, kind: "power-loss", host: 3, forMs: 100_000 },
          { atMs: 40_000, kind: "power-loss", host: 0, forMs: 100_000 },
        ]),
      ],
    },
    { wipedVoterKeepsName: true },
  ),
  mutant(
    {
      name: "drift-beyond-rho",
      weakens: "a host's clock runs at less than half its speed",
      seeds: 0,
      directed: [
        story([
          anyHost,
          { atMs: 15_000, kind: "drift", host: 0, rate: 0.4 },
          { atMs: 20_000, kind: "partition", side: [0], forMs: 60_000 },
        ]),
      ],
    },
    {},
  ),
  withRules(
    {
      name: "grant-without-watchdog-budget",
      weakens: "D_A leaves out the time that the watchdog device needs",
      seeds: 0,
      directed: [
        story(
          [
            anyHost,
            { atMs: 20_000, kind: "unkillable", host: 0, guest: 0 },
            { atMs: 21_000, kind: "partition", side: [0], forMs: 60_000 },
          ],
          "lan-watchdog",
        ),
      ],
    },
    { grantMs: (profile) => profile.fenceMs + profile.stopMs + profile.pollMs },
  ),
];
