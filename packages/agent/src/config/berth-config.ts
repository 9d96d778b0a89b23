import type { GuestType } from "@berth/model";

/** How a guest is left on a host where its class does not hold. */
export type NotOwnedState = "down" | "suspended";

/** Every setting of this host, resolved: flag over environment over file over default. */
export interface BerthConfig {
  /** Connection URI per hypervisor type, where it differs from {@link defaultUris}. */
  readonly uris: Readonly<Partial<Record<GuestType, string>>>;
  /** Classes set on this host beside the hard ones. */
  readonly classes: readonly string[];
  /** The policy that is used when no file is named. @default /etc/berth/policy/promises.cf, where packages put it */
  readonly policyPath: string;
  /** Folder of locks and of the embedded hypervisor. @default /var/lib/berth, as the systemd unit makes it */
  readonly stateDir: string;
  /** How long a guest may take to power off before it is destroyed. @default 60 s: longer than a usual Linux shutdown */
  readonly shutdownTimeoutMs: number;
  /** State of a `create` or `running` guest where its class does not hold. @default "down": it frees the memory too */
  readonly notOwnedState: NotOwnedState;
  /**
   * Mixed into the UUIDs and MAC addresses of guests that are built without XML. Hosts of one fleet need the same.
   * @default "": two fleets on one wire that name a guest alike would give it the same address, and need different ones
   */
  readonly identitySeed: string;
  /** Lets policy run commands by `execresult` and its relatives. @default false: policy text then cannot run code */
  readonly allowExecresult: boolean;
  /** Serves every type by the hypervisor in this process, state in `<stateDir>/embedded.json`. @default false */
  readonly embedded: boolean;
}

/** What applies where no flag, variable or file says otherwise. */
export const defaultConfig: BerthConfig = {
  uris: {},
  classes: [],
  policyPath: "/etc/berth/policy/promises.cf",
  stateDir: "/var/lib/berth",
  shutdownTimeoutMs: 60_000,
  notOwnedState: "down",
  identitySeed: "",
  allowExecresult: false,
  embedded: false,
};

/** URI per type; `esx` has none because it names a remote host. Source: libvirt.org/uri.html, libvirt.org/drivers.html */
export const defaultUris: Readonly<Partial<Record<GuestType, string>>> = {
  kvm: "qemu:///system",
  test: "test:///default",
  xen: "xen:///system",
  vbox: "vbox:///session",
};

/** The URI that serves a type on this host, or undefined where the type needs one in the configuration. */
export function uriOf(type: GuestType, config: BerthConfig): string | undefined {
  return config.embedded ? "embedded:///" : (config.uris[type] ?? defaultUris[type]);
}
