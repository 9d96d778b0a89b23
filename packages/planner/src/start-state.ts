/**
 * The state in which a pass finds a guest. libvirt's states are more than the ways to leave them: `blocked` is running,
 * and Xen reports no state for a guest that idles.
 */
import type { ObservedDomain } from "@berth/model";

/** What matters of a domain's state to whoever wants to change it. */
export type PowerState = "absent" | "off" | "running" | "paused" | "crashed" | "asleep" | "shutting-down";

/** What the planner has to know of a guest to move it. */
export interface StartState {
  readonly power: PowerState;
  /** Vanishes when it stops. */
  readonly transient: boolean;
  /** The next start restores saved memory instead of booting. */
  readonly managedSave: boolean;
  readonly autostart: boolean;
}

/** The state of an observed domain; `undefined` is one that is absent. */
export function startState(domain: ObservedDomain | undefined): StartState {
  if (domain === undefined) return { power: "absent", transient: false, managedSave: false, autostart: false };
  return {
    power: powerOf(domain),
    transient: !domain.persistent,
    managedSave: domain.managedSave,
    autostart: domain.autostart,
  };
}

function powerOf(domain: ObservedDomain): PowerState {
  switch (domain.state) {
    case "running":
    case "blocked":
    case "no-state":
      return "running";
    case "paused":
      return "paused";
    case "shutting-down":
      return "shutting-down";
    case "shutoff":
      return "off";
    case "crashed":
      return "crashed";
    case "pm-suspended":
      return "asleep";
  }
}

/** The state in words, such as `paused (transient)`. */
export function describeStart(start: StartState): string {
  const saved = start.managedSave && start.power === "off" ? "off with its memory saved" : start.power;
  const words = saved === "shutting-down" ? "shutting down" : saved;
  return start.transient ? `${words} (transient)` : words;
}
