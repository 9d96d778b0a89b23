import type { GuestType } from "@berth/model";

/** A moment taken apart by the caller, who alone reads clocks. */
export interface BrokenDownTime {
  /** Full year, such as 2026. */
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** Day of the month, 1 to 31. */
  readonly day: number;
  /** 0 is Sunday, 6 is Saturday. */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  /** 0 to 59. */
  readonly minute: number;
  /** 0 to 60. */
  readonly second: number;
}

/** One network interface as the host sees it. */
export interface InterfaceFacts {
  readonly name: string;
  /** Interfaces that are down give no classes. */
  readonly up: boolean;
  /** Dotted addresses without a prefix length. */
  readonly ipv4: readonly string[];
  /** Compressed addresses (`fd00::5`) without a prefix length or zone. */
  readonly ipv6: readonly string[];
  /** `52:54:00:ab:cd:ef`; absent where the interface has none. */
  readonly mac?: string;
}

/** Everything that policy may know of the host it runs on. The caller gathers it, this package only reads it. */
export interface HostFacts {
  /** As the kernel has it, any case, qualified or not. */
  readonly hostName: string;
  /** As the resolver says. @default the host name, where the resolver knows nothing */
  readonly fqdn?: string;
  /** Names that the hosts file gives to this host's own addresses. */
  readonly aliases: readonly string[];
  readonly interfaces: readonly InterfaceFacts[];
  /** The IPv4 default gateway. */
  readonly gatewayIpv4?: string;
  /** `uname -s`, `-r` and `-v`: `{ name: "Linux", release: "6.1.0-38-amd64", version: "#1 SMP ..." }`. */
  readonly kernel: { readonly name: string; readonly release: string; readonly version: string };
  /** From os-release: `ID`, `VERSION_ID`, `VERSION_CODENAME`. */
  readonly distribution?: { readonly id: string; readonly versionId?: string; readonly codename?: string };
  /** `uname -m`, such as `x86_64`. */
  readonly arch: string;
  /** Logical processors. */
  readonly cpus: number;
  /** Dotted, such as `9.0.0`; absent where no hypervisor could be asked. */
  readonly libvirtVersion?: string;
  /** The types whose connection can be opened on this host. */
  readonly hypervisors: readonly GuestType[];
  readonly localTime: BrokenDownTime;
  readonly gmtTime: BrokenDownTime;
  /** Seconds since 1970, whole. */
  readonly epochSeconds: number;
  /** Where the agent keeps its state; `$(sys.workdir)`. */
  readonly workDir: string;
}
