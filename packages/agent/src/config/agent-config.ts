import type { HostId, Mode, OnIsolated } from "@berth/claims";

/** What the daemon needs beside {@link BerthConfig}; same sources, same ranks. */
export interface AgentConfig {
  /** tmpfs folder of the socket and the dead-man's files. @default /run/berth, as the systemd unit makes it */
  readonly runDir: string;
  /** @default `<runDir>/agent.sock` */
  readonly socketPath: string;
  /** Group that may use the socket; root always may. @default "": only the agent's own user */
  readonly socketGroup: string;
  /** Multiaddrs to listen on for peers; overrides what the fleet's files say. @default none */
  readonly listen: readonly string[];
  /** Where to dial a member, in place of what the signed list says: NAT, a second network, a simulated one. */
  readonly peerAddresses: Readonly<Record<HostId, readonly string[]>>;
  /** Looks for members on the local network as well. @default false */
  readonly mdns: boolean;
  /** File of the private-network key, the second ring. @default "": none */
  readonly networkKeyFile: string;
  /** The watchdog device, such as /dev/watchdog. @default "": none, and status says so where it matters */
  readonly watchdog: string;
  /** `host:port` for `/metrics`, `/healthz`, `/readyz` on loopback; empty turns it off. @default 127.0.0.1:7948 */
  readonly httpListen: string;
  /** Seconds between two passes when nothing happens. @default 30: drift without an event is repaired then */
  readonly passPeriodSeconds: number;
  /** Fleet defaults for guests, and exceptions by guest name. */
  readonly guestDefaults: GuestRule;
  readonly guestRules: Readonly<Record<string, Partial<GuestRule>>>;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Carries out what operators on other members ask: drain, undrain, release. @default true: members are trusted with claims too */
  readonly remoteOrders: boolean;
  /** Relative share of guests that this host takes. @default 1 */
  readonly weight: number;
}

/** How a guest is protected. `meta` of a promise may say it too: `mode=gossip`, `on_isolated=pause_then_down:60`, `keep=newest_epoch`. */
export interface GuestRule {
  /** @default quorum */
  readonly mode: Mode;
  /** @default pause */
  readonly onIsolated: OnIsolated;
  /** @default longest_running */
  readonly keep: "longest_running" | "newest_epoch";
}

/** What applies where nothing else is said; the reasons stand at each setting. */
export function defaultAgentConfig(runDir = "/run/berth"): AgentConfig {
  return {
    runDir,
    socketPath: `${runDir}/agent.sock`,
    socketGroup: "",
    listen: [],
    peerAddresses: {},
    mdns: false,
    networkKeyFile: "",
    watchdog: "",
    httpListen: "127.0.0.1:7948",
    passPeriodSeconds: 30,
    guestDefaults: { mode: "quorum", onIsolated: { kind: "pause" }, keep: "longest_running" },
    guestRules: {},
    logLevel: "info",
    remoteOrders: true,
    weight: 1,
  };
}
