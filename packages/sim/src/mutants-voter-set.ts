import { drawFleet } from "./draw-fleet.ts";
import type { FleetSpec, GuestSpec } from "./fleet-spec.ts";
import { type Mutant, withRules } from "./mutant.ts";

/**
 * A change of voters in the moment after one voter alone has fenced a host.
 *
 * h5 is heard 3.6 s late and then is cut off with h3: for h3 its lease is over, for the other voters of the set it is not. The fence
 * of h3 is copied to every voter of the new set, while h5 still executes its guests on the lease that the others granted.
 */
const copiedMinorityFence = (changeMs: number): FleetSpec => ({
  ...{ seed: 16_132, profile: "lan", hosts: 5, witnesses: 0, spares: 1, voters: [2, 3, 4] },
  guests: [
    guest("web1", [0, 1, 2, 3, 4]),
    guest("web2", [0, 2, 3], { onIsolated: { kind: "pause-then-down", afterMs: 1000 }, runsAlreadyOn: [0] }),
    guest("web3", [0, 1, 2, 3, 4], { onIsolated: { kind: "pause-then-down", afterMs: 1000 } }),
    guest("web4", [0, 1, 2, 3, 4], {
      onIsolated: { kind: "pause-then-down", afterMs: 1000 },
      keep: "newest_epoch",
    }),
    guest("web5", [0, 3], { keep: "newest_epoch" }),
    guest("web6", [0, 1, 2, 3, 4], { keep: "newest_epoch" }),
  ],
  ...{ rho: 0.001, timing: "adversarial", tailMs: 60_393 },
  faults: [
    { atMs: 15_850, kind: "policy", guest: 4, wanted: "down" },
    { atMs: 36_633, kind: "hold", host: 4, outMs: 3600, inMs: 0, forMs: 4825 },
    { atMs: 39_830, kind: "partition", side: [0, 1, 3], forMs: 5279 },
    { atMs: changeMs, kind: "replace-voter", out: 3, by: 1 },
  ],
});

function guest(name: string, eligible: readonly number[], change: Partial<GuestSpec> = {}): GuestSpec {
  return {
    ...{ name, mode: "quorum", onIsolated: { kind: "pause" }, eligible },
    ...{ keep: "longest_running", memoryMib: 1024, runsAlreadyOn: [] },
    ...change,
  };
}

/** Weakenings of the change of voters. */
export const voterSetMutants: readonly Mutant[] = [
  withRules(
    {
      name: "copied-fence-stands-at-once",
      weakens: "a fence that came with the copy for a new voter set counts in its quarantine already",
      seeds: 0,
      directed: [43_820, 43_900, 44_080, 44_740, 44_840, 44_940].map(copiedMinorityFence),
    },
    { fenceStands: () => true },
  ),
  withRules(
    {
      name: "copy-from-one",
      weakens: "the copy for a new voter set is taken from one sealed voter, not from a majority",
      seeds: 0,
      directed: [drawFleet(222, { kinds: ["replace-voter", "partition", "release", "power-loss", "mute", "deaf"] })],
    },
    { copiesFrom: (_voters, whole) => whole.length > 0 },
  ),
  withRules(
    {
      name: "reset-fences-the-dead-only",
      weakens: "a reset-quorum lets the surviving hosts go on under claims that its founder may not know",
      seeds: 0,
      directed: [drawFleet(1387, { rare: true }), drawFleet(1740, { rare: true })],
    },
    { fencesAtReset: (isDead) => isDead },
  ),
];
