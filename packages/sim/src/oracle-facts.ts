import { grantMs, type Profile } from "@berth/claims";
import type { Wish } from "./fleet.ts";
import type { FleetSpec, GuestSpec } from "./fleet-spec.ts";
import type { Machine } from "./machine.ts";
import type { GuestFacts, OracleTimes } from "./oracle.ts";

/** A host may still act on the policy of before for so long: it hears of a change within 3 s, and a destroy takes its time. */
const policyHeardMs = 10_000;

/** The profile's times as the oracle judges by them: by true time, the worst allowed clocks included. */
export function oracleTimes({ rho }: FleetSpec, profile: Profile): OracleTimes {
  const stretch = 1 + 2 * rho;
  return {
    fenceMs: profile.fenceMs * stretch,
    afterFenceMs: (profile.stopMs + profile.pollMs + 2 * profile.clockResolutionMs + 20) * stretch + profile.watchdogMs,
    wakeGraceMs: (profile.pollMs + profile.killMs + profile.pollMs + 50) * stretch,
    copiedFenceMs: grantMs(profile) / stretch,
  };
}

/** What the oracle asks of the world about a guest. */
export interface WishesNow {
  nowMs(): number;
  wish(index: number): Wish | undefined;
  /** The number in whose classes a machine is. */
  placeOf(machine: Machine): number;
  /** An operator lets the guest go from there. */
  mayLeave(guest: string, machine: Machine): boolean;
}

/** What is expected of each guest. */
export function guestFacts(guests: readonly GuestSpec[], world: WishesNow): Map<string, GuestFacts> {
  const facts = new Map<string, GuestFacts>();
  for (const [index, { name, mode, onIsolated }] of guests.entries()) {
    const mayStopOn = (machine: Machine): boolean => {
      const wish = world.wish(index);
      if (wish === undefined || world.nowMs() - wish.changedAtMs < policyHeardMs) return true;
      if (wish.wanted !== "running" || !wish.eligible.includes(world.placeOf(machine))) return true;
      return world.mayLeave(name, machine);
    };
    facts.set(name, { gossip: mode === "gossip", pausesWhenIsolated: onIsolated.kind === "pause", mayStopOn });
  }
  return facts;
}
