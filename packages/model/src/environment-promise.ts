import type { EnvironmentState, GuestType, NetworkType } from "./environment-type.ts";
import type { SourcePosition } from "./source-position.ts";

/** Where a definition's XML comes from, already read: the policy side resolves paths through its file access. */
export interface EnvironmentSpec {
  /** The libvirt XML text with all variables expanded; empty where {@link problem} says why there is none. */
  readonly xml: string;
  /** Absolute path of the file the XML was read from; absent when the XML stands in the policy. */
  readonly path?: string;
  /**
   * Why the promised definition cannot be had on this host, such as a file that is not there. A promise that would define
   * or start the guest then fails; it must not fall back to a definition made up for it.
   */
  readonly problem?: string;
  /** Where the value of the attribute (`env_spec` or `env_spec_file`) stands in the policy. */
  readonly position: SourcePosition;
}

/** `body environment_resources`, checked and in the units of the language. */
export interface EnvironmentResources {
  readonly cpus?: number;
  readonly memoryKib?: number;
  /** Size of the guest's disk in MB as CFEngine documents it; Berth makes a qcow2 volume of that many MiB. */
  readonly diskMb?: number;
  /** Absolute path of the backing image for a new disk. */
  readonly baseline?: string;
  readonly spec?: EnvironmentSpec;
}

/** `body environment_interface`. */
export interface EnvironmentInterface {
  readonly addresses: readonly string[];
  readonly name?: string;
  readonly network?: string;
}

/** `body action`, the parts that concern a guest. */
export interface PromiseAction {
  /** `warn` and `nop` change nothing and say what would change. @default "fix" as in CFEngine */
  readonly policy: "fix" | "warn" | "nop";
  /**
   * Minutes that must pass between two evaluations. @default 0: a pass over thousands of guests takes a fraction of a
   * second, so there is nothing to protect, and drift is to be repaired at once (CFEngine's default is 1)
   */
  readonly ifElapsedMinutes: number;
  /** Minutes after which a running evaluation counts as stuck. @default 1 as in CFEngine */
  readonly expireAfterMinutes: number;
}

/** What guests and networks have in common: one evaluated promise of `guest_environments`. */
interface EnvironmentPromiseBase {
  /** The promiser: the libvirt name. */
  readonly name: string;
  readonly state: EnvironmentState;
  /** The text of `environment_host`: a class name, or (our extension) a class expression. */
  readonly hostClass: string;
  /** Whether {@link hostClass} holds on this host. */
  readonly hostHolds: boolean;
  readonly resources: EnvironmentResources;
  readonly action: PromiseAction;
  /** Classes to define by outcome: `promise_kept`, `promise_repaired`, `repair_failed`, and so on. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
  readonly comment?: string;
  readonly handle?: string;
  readonly meta: readonly string[];
  readonly dependsOn: readonly string[];
  /** Qualified bundle name, `namespace:bundle` outside the default namespace. */
  readonly bundle: string;
  /** Where the promiser stands. */
  readonly position: SourcePosition;
}

/** One guest that policy wants. */
export interface GuestPromise extends EnvironmentPromiseBase {
  readonly kind: "guest";
  readonly type: GuestType;
  readonly interface?: EnvironmentInterface;
}

/** One virtual network that policy wants. Networks belong to their host and need no claim. */
export interface NetworkPromise extends EnvironmentPromiseBase {
  readonly kind: "network";
  readonly type: NetworkType;
}

/** One evaluated promise of `guest_environments`, told apart by `kind`. */
export type EnvironmentPromise = GuestPromise | NetworkPromise;
