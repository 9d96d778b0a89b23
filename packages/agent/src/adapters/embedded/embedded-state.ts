import type { DomainState } from "@berth/model";

/**
 * What the embedded hypervisor remembers: for each domain and network the definition that the next start uses, the
 * one that runs now, and the flags that libvirt keeps beside them. A record without `inactiveXml` is transient.
 */
export interface EmbeddedState {
  readonly domains: Map<string, EmbeddedDomain>;
  readonly networks: Map<string, EmbeddedNetwork>;
  /** Volumes by path. No file is made: a guest of the embedded hypervisor has nothing to read it with. */
  readonly volumes: Map<string, EmbeddedVolume>;
}

/** Processors and memory of one definition. */
export interface EmbeddedSize {
  readonly vcpus: { readonly current: number; readonly maximum: number };
  readonly memoryKib: { readonly current: number; readonly maximum: number };
}

/** One domain. Active where it has a definition that runs now, persistent where it has one for the next start. */
export interface EmbeddedDomain {
  readonly name: string;
  readonly uuid: string;
  readonly state: Extract<DomainState, "running" | "paused" | "shutoff" | "crashed">;
  readonly autostart: boolean;
  readonly managedSave: boolean;
  readonly inactive?: EmbeddedDefinition;
  readonly active?: EmbeddedDefinition;
  /** Names one run, from its start to its stop: what a process id is to a real guest. Present while it is active. */
  readonly run?: string;
}

/** A definition as libvirt would print it, with the numbers that a bulk call needs at hand. */
export interface EmbeddedDefinition extends EmbeddedSize {
  readonly xml: string;
  /** Networks that must be active before the guest starts. */
  readonly networks: readonly string[];
  /** The guest does not answer the power button. */
  readonly ignoresShutdown: boolean;
}

/** One network: active and persistent by the same rule as a domain. */
export interface EmbeddedNetwork {
  readonly name: string;
  readonly uuid: string;
  readonly autostart: boolean;
  readonly inactiveXml?: string;
  readonly activeXml?: string;
}

/** One disk that a guest was promised. */
export interface EmbeddedVolume {
  readonly path: string;
  /** Absent: as large as the backing image. */
  readonly capacityBytes?: number;
  readonly backing?: string;
}

/** No domains, networks or volumes. */
export function emptyState(): EmbeddedState {
  return { domains: new Map(), networks: new Map(), volumes: new Map() };
}
