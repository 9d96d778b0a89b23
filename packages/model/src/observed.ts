/** libvirt's `virDomainState`, by name. `no-state` stands for anything newer than this list. */
export type DomainState =
  | "running"
  | "blocked"
  | "paused"
  | "shutting-down"
  | "shutoff"
  | "crashed"
  | "pm-suspended"
  | "no-state";

/** What one bulk call and the list flags say of a domain, promised or not. */
export interface ObservedDomain {
  readonly name: string;
  /** Lower-case, with dashes. */
  readonly uuid: string;
  readonly state: DomainState;
  /** False for a transient domain: it vanishes when it stops. */
  readonly persistent: boolean;
  readonly autostart: boolean;
  /** A managed save image exists: the next start restores memory instead of booting. */
  readonly managedSave: boolean;
  /** Live values of an active domain, configured ones otherwise. */
  readonly vcpus: { readonly current: number; readonly maximum: number };
  readonly memoryKib: { readonly current: number; readonly maximum: number };
  /** The hypervisor's number of this run: another start has another one. Absent where it has none, and while it is off. */
  readonly run?: number;
}

/** What the list calls say of a virtual network. */
export interface ObservedNetwork {
  readonly name: string;
  readonly uuid: string;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
}

/** One hypervisor connection at one moment. */
export interface Observation {
  readonly domains: readonly ObservedDomain[];
  readonly networks: readonly ObservedNetwork[];
}

/** Whether a hypervisor process exists for a domain in this state. */
export function isActive(state: DomainState): boolean {
  return state !== "shutoff" && state !== "crashed";
}
