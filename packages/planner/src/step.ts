/**
 * A step is data: what to do to one domain, network or volume, and why. Whoever carries it out has no choice left,
 * so the same plan can be shown, checked, refused or performed.
 *
 * Steps name a result, not a movement: one whose result is already there succeeds and changes nothing. So a pass that
 * was killed half way is carried on by the next one, and a guest that stopped by itself meanwhile fails nothing.
 */

/**
 * How much a step disturbs: shown to the user beside each step.
 * `live`: takes effect at once, and disturbs nothing but what the promise asks for. `next boot`: the definition
 * changes, a guest takes it when it is next started. `restart`: the guest loses its memory and boots again.
 * `network cut`: guests on the network lose it.
 */
export type Disturbance = "live" | "next boot" | "restart" | "network cut";

interface StepBase {
  /** One clause for a person: why this step is needed. */
  readonly reason: string;
  readonly tag: Disturbance;
}

/** Something to do to one domain. */
export type DomainStep = StepBase & { readonly domain: string } & (
    | { readonly kind: "define-domain"; readonly xml: string }
    /** Starts paused when `paused`; a managed save image is dropped first when `discardSave`, else restored. */
    | { readonly kind: "start-domain"; readonly paused: boolean; readonly discardSave: boolean }
    | { readonly kind: "resume-domain" }
    /** Wakes a guest that put itself to sleep (`pm-suspended`), with its memory. */
    | { readonly kind: "wake-domain" }
    | { readonly kind: "suspend-domain" }
    /** Asks the guest to power off; after `timeoutMs` it is destroyed. */
    | { readonly kind: "shutdown-domain"; readonly timeoutMs: number }
    | { readonly kind: "destroy-domain" }
    /** Removes the definition with managed save, NVRAM and snapshot metadata; never a disk. */
    | { readonly kind: "undefine-domain" }
    | { readonly kind: "remove-managed-save" }
    | { readonly kind: "set-vcpus"; readonly count: number; readonly live: boolean; readonly config: boolean }
    | { readonly kind: "set-memory"; readonly kib: number; readonly live: boolean; readonly config: boolean }
    | { readonly kind: "set-domain-autostart"; readonly autostart: boolean }
  );

/** Something to do to one virtual network. */
export type NetworkStep = StepBase & { readonly network: string } & (
    | { readonly kind: "define-network"; readonly xml: string }
    | { readonly kind: "start-network" }
    | { readonly kind: "stop-network" }
    | { readonly kind: "undefine-network" }
    | { readonly kind: "set-network-autostart"; readonly autostart: boolean }
  );

/** A disk to make. */
export type VolumeStep = StepBase & {
  readonly kind: "create-volume";
  /** The guest that the volume is for. */
  readonly domain: string;
  /** Absolute path of the qcow2 file; its folder becomes a dir pool when there is none. */
  readonly path: string;
  /** Virtual size in bytes. @default the size of the backing image; one of the two is always there */
  readonly capacityBytes?: number;
  /** Absolute path of the backing image, with its format where known. */
  readonly backing?: { readonly path: string; readonly format?: string };
};

/** Anything that a plan may ask for. */
export type Step = DomainStep | NetworkStep | VolumeStep;
