/**
 * What the hypervisors have, in the protocol's words: running, paused or off, with the process that runs it.
 *
 * A guest that is on its way down, or whose state libvirt has no name for, may still execute, so it counts as running; one
 * that sleeps or has crashed executes nothing until somebody wakes it or clears it away. A crashed one whose process libvirt
 * keeps (`on_crash=preserve`) is not off: it holds its memory and its disks' locks.
 */
import type { GuestObservation, ProcessIdentity } from "@berth/claims";
import type { ObservedDomain } from "@berth/model";

/** What belongs to one run of a guest: looked up once per run, not at every look. */
export interface GuestRun {
  readonly process?: ProcessIdentity;
  /** Wall clock, ms. */
  readonly startedAtMs: number;
}

/** The whole list. `runOf` is asked for active domains only. */
export function guestObservations(
  domains: readonly ObservedDomain[],
  runOf: (domain: ObservedDomain) => GuestRun,
): GuestObservation[] {
  const guests: GuestObservation[] = [];
  for (const domain of domains) {
    const { name: guest, uuid, autostart } = domain;
    const state = guestState(domain);
    // Domains that are off and do not start by themselves say no more than those that are not there.
    if (state === "off" && !autostart) continue;
    guests.push({ guest, uuid, state, autostart, ...(state === "off" ? {} : runOf(domain)) });
  }
  return guests;
}

/** How much a domain in this state executes. */
function guestState({ state, run }: Pick<ObservedDomain, "state" | "run">): GuestObservation["state"] {
  switch (state) {
    case "running":
    case "blocked":
    case "shutting-down":
    case "no-state":
      return "running";
    case "paused":
    case "pm-suspended":
      return "paused";
    case "crashed":
      return run === undefined ? "off" : "paused";
    case "shutoff":
      return "off";
  }
}
