/** One machine of the small fleet: its disk, its guests, and what an agent on it ordered. */
import {
  type Act,
  type Configuration,
  type DeadMan,
  type DeadManFeed,
  type DurableRecord,
  type GuestId,
  type GuestObservation,
  type Host,
  type HostId,
  type Note,
  type Profile,
  type PromisedGuest,
  profiles,
} from "../src/index.ts";

/** A guest as policy would promise it, with what matters to the test changed. */
export function promised(guest: GuestId, change: Partial<PromisedGuest> = {}): PromisedGuest {
  return {
    guest,
    uuid: `uuid-${guest}`,
    mode: "quorum",
    onIsolated: { kind: "pause" },
    wanted: "running",
    keep: "longest_running",
    placementKey: "any",
    classMatch: true,
    eligible: true,
    memoryKib: 1024,
    ...change,
  };
}

/** A configuration whose voters are these hosts' disks. */
export function configuration(hosts: readonly HostId[], profile: Profile = profiles.lan): Configuration {
  return { number: 1, voters: hosts.map((host) => ({ voter: `disk-${host}`, host })), profile };
}

/** A machine, switched on or off. */
export interface Machine {
  readonly name: HostId;
  readonly hypervisor: boolean;
  store: Map<string, DurableRecord>;
  bootId: string;
  agent: Host | undefined;
  deadMan: DeadMan | undefined;
  feed: DeadManFeed | undefined;
  domains: Map<GuestId, GuestObservation>;
  policy: readonly PromisedGuest[];
  /** Every act that was ordered, in order. */
  acts: string[];
  notes: Note[];
  /** The order in which a batch was carried out. */
  trace: string[];
  powered: boolean;
  cut: boolean;
  watchdogFed: boolean;
  wakeAtMs: number;
  /** Acts of these kinds never end and do nothing. */
  hanging: Set<Act["kind"] | "kill">;
  /** Acts of these kinds fail. */
  failing: Set<Act["kind"]>;
}

/** A machine that was never switched on. */
export function newMachine(name: HostId, hypervisor: boolean, policy: readonly PromisedGuest[]): Machine {
  return {
    ...{
      name,
      hypervisor,
      policy,
      store: new Map(),
      bootId: "",
      agent: undefined,
      deadMan: undefined,
      feed: undefined,
    },
    ...{
      domains: new Map(),
      acts: [],
      notes: [],
      trace: [],
      powered: false,
      cut: false,
      watchdogFed: true,
      wakeAtMs: 0,
    },
    hanging: new Set(),
    failing: new Set(),
  };
}
