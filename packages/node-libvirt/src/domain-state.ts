/** Names of domain states, reasons and lifecycle events, from libvirt's `libvirt-domain.h`. */

/** `virDomainState` by number. */
export const domainStates = [
  "no-state",
  "running",
  "blocked",
  "paused",
  "shutting-down",
  "shutoff",
  "crashed",
  "pm-suspended",
] as const;

/** State of a domain. `no-state` also stands for one that is newer than this list. */
export type DomainState = (typeof domainStates)[number];

/** A state and why it came about; `unknown` also stands for a reason newer than this list. */
export interface DomainStateReason {
  readonly state: DomainState;
  readonly reason: string;
}

const reasons: Readonly<Record<DomainState, readonly string[]>> = {
  "no-state": ["unknown"],
  running: [
    "unknown",
    "booted",
    "migrated",
    "restored",
    "from-snapshot",
    "unpaused",
    "migration-cancelled",
    "save-cancelled",
    "wakeup",
    "crashed",
    "postcopy",
    "postcopy-failed",
  ],
  blocked: ["unknown"],
  paused: [
    "unknown",
    "user",
    "migration",
    "save",
    "dump",
    "io-error",
    "watchdog",
    "from-snapshot",
    "shutting-down",
    "snapshot",
    "crashed",
    "starting-up",
    "postcopy",
    "postcopy-failed",
  ],
  "shutting-down": ["unknown", "user"],
  shutoff: ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", "daemon"],
  crashed: ["unknown", "panicked"],
  "pm-suspended": ["unknown"],
};

/** Names for the two numbers of a state. */
export function domainStateReason(state: number, reason: number): DomainStateReason {
  const name = domainStates[state] ?? "no-state";
  return { state: name, reason: reasons[name][reason] ?? "unknown" };
}

/** The numbers of a state. */
export function domainStateNumbers({ state, reason }: DomainStateReason): { state: number; reason: number } {
  return { state: domainStates.indexOf(state), reason: Math.max(0, reasons[state].indexOf(reason)) };
}

/** `virDomainEventType` by number, each with its details by number. */
const lifecycleEvents = {
  defined: ["added", "updated", "renamed", "from-snapshot"],
  undefined: ["removed", "renamed"],
  started: ["booted", "migrated", "restored", "from-snapshot", "wakeup"],
  suspended: [
    "paused",
    "migrated",
    "io-error",
    "watchdog",
    "restored",
    "from-snapshot",
    "api-error",
    "postcopy",
    "postcopy-failed",
  ],
  resumed: ["unpaused", "migrated", "from-snapshot", "postcopy", "postcopy-failed"],
  stopped: ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
  shutdown: ["finished", "guest", "host"],
  "pm-suspended": ["memory", "disk"],
  crashed: ["panicked", "crashloaded"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What happened to a domain; `unknown` is newer than this list. */
export type LifecycleEventName = keyof typeof lifecycleEvents | "unknown";

const lifecycleEventNames = Object.keys(lifecycleEvents) as (keyof typeof lifecycleEvents)[];

/** Names for the two numbers of a lifecycle event. */
export function lifecycleNames(event: number, detail: number): { event: LifecycleEventName; detail: string } {
  const name = lifecycleEventNames[event];
  if (name === undefined) return { event: "unknown", detail: "unknown" };
  const details: readonly string[] = lifecycleEvents[name];
  return { event: name, detail: details[detail] ?? "unknown" };
}
