/** Opening a connection: socket, authentication, keepalive, then the URI; and what can be done with it. */
import { existsSync } from "node:fs";
import type { CallOptions } from "./call-options.ts";
import { Channel, dial } from "./channel.ts";
import { type DomainLifecycleEvent, domainLifecycle, domainLifecycleEvent, domainProcedures } from "./domain.ts";
import { clientError, type LibvirtError } from "./errors.ts";
import { EventHub, type Subscription } from "./events.ts";
import type { Domain, Network } from "./handle.ts";
import { connectionProcedures, hostProcedures } from "./host.ts";
import { type KeepAliveInit, keepAliveDefault } from "./keepalive.ts";
import { type NetworkLifecycleEvent, networkLifecycle, networkLifecycleEvent, networkProcedures } from "./network.ts";
import { bind, type Methods } from "./procedure.ts";
import { parseUri, type Target } from "./sockets.ts";
import { poolProcedures, volumeProcedures } from "./storage.ts";

/** Settings of a connection. */
export interface ConnectOptions {
  /** Opens the read-only socket: the daemon refuses what would change anything. @default false */
  readonly readOnly?: boolean;
  /**
   * How long a call waits for its answer unless it says otherwise, and how long connecting takes at most, in all.
   * @default 30_000: destroying a frozen guest takes libvirt 10 s, and another such call may be ahead in the queue
   */
  readonly deadlineMs?: number;
  /** @default every 5 s, given up after 5 unanswered; `false` for none */
  readonly keepAlive?: KeepAliveInit | false;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

const deadlineDefaultMs = 30_000;
/** Telling the daemon that we go is a courtesy; it sees the socket close in any case. */
const goodbyeMs = 1_000;

/** Domains: every procedure of {@link domainProcedures} as a method, and events. */
export interface Domains extends Methods<typeof domainProcedures> {
  /** Calls `listener` at each lifecycle event: of `domain`, or of all. */
  onLifecycle(listener: (event: DomainLifecycleEvent) => void, domain?: Domain): Promise<Subscription>;
}

/** Networks: every procedure of {@link networkProcedures} as a method, and events. */
export interface Networks extends Methods<typeof networkProcedures> {
  /** Calls `listener` at each lifecycle event: of `network`, or of all. */
  onLifecycle(listener: (event: NetworkLifecycleEvent) => void, network?: Network): Promise<Subscription>;
}

/** An open connection. It decides nothing: each method is one call of libvirt's. */
export interface Connection {
  /** The URI that was asked for. */
  readonly uri: string;
  readonly socketPath: string;
  readonly host: Methods<typeof hostProcedures>;
  readonly domains: Domains;
  readonly networks: Networks;
  readonly pools: Methods<typeof poolProcedures>;
  readonly volumes: Methods<typeof volumeProcedures>;
  /** Resolves when the connection has ended: with the reason, or with undefined after {@link close}. Never rejects. */
  readonly closed: Promise<LibvirtError | undefined>;
  /** Ends the connection; calls still waiting are rejected with `CONNECTION_CLOSED`. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Connects to the daemon of a URI (see {@link parseUri}) and opens the URI there.
 * @throws LibvirtError `INVALID_URI`, `CONNECT_FAILED`, `AUTH_UNSUPPORTED`, `DEADLINE`, `ABORTED`, or why libvirt cannot open it
 */
export async function connect(uri: string, options: ConnectOptions = {}): Promise<Connection> {
  const { readOnly = false, deadlineMs = deadlineDefaultMs, keepAlive = keepAliveDefault } = options;
  const target = targetOf(uri, options);
  const socketPath = target.socketPaths.find((path) => existsSync(path)) ?? target.socketPaths[0];
  const until = performance.now() + deadlineMs;
  const patience = () => ({ signal: options.signal, deadlineMs: until - performance.now() });
  const channel = new Channel(await dial(socketPath, patience()), deadlineMs);
  try {
    await authenticate(channel, socketPath, patience());
    const pinged = await channel.call(connectionProcedures.supportsFeature, [featureKeepAlive], patience());
    await channel.call(connectionProcedures.open, [target.name, { readOnly }], patience());
    if (pinged && keepAlive !== false) channel.startKeepAlive(keepAlive);
  } catch (error) {
    channel.close();
    throw error;
  }
  return openConnection(channel, uri, socketPath);
}

/** Where {@link connect} will go, as this process. @throws LibvirtError `INVALID_URI` */
export function targetOf(uri: string, options: ConnectOptions): Target {
  const runtimeDirectory = process.env.XDG_RUNTIME_DIR;
  return parseUri(uri, options.readOnly ?? false, { uid: process.geteuid?.() ?? 0, runtimeDirectory });
}

/** VIR_DRV_FEATURE_PROGRAM_KEEPALIVE; asking also lets the daemon begin to ping us. */
const featureKeepAlive = 10;

/** remote_auth_type by number */
const authTypes = ["none", "sasl", "polkit"];

async function authenticate(channel: Channel, socketPath: string, options: CallOptions): Promise<void> {
  const offered = await channel.call(connectionProcedures.authList, [], options);
  const names = offered.map((type) => authTypes[type] ?? `type ${type}`);
  if (names.includes("none")) return;
  throw clientError(
    "AUTH_UNSUPPORTED",
    `the daemon at ${socketPath} wants authentication by ${names.join(" or ") || "nothing it names"}, which is not ` +
      `supported: run as root, or set auth_unix_rw = "none" in the daemon's configuration and give the socket a group`,
  );
}

function openConnection(channel: Channel, uri: string, socketPath: string): Connection {
  const domainEvents = new EventHub(channel, domainLifecycle);
  const networkEvents = new EventHub(channel, networkLifecycle);
  const close = async () => {
    if (channel.free) {
      // The daemon closes the socket itself after this; a failure means that it is gone already.
      await channel.call(connectionProcedures.close, [], { deadlineMs: goodbyeMs }).catch(() => {});
    }
    channel.close();
    await channel.closed;
  };
  return {
    uri,
    socketPath,
    host: bind(channel, hostProcedures),
    domains: {
      ...bind(channel, domainProcedures),
      onLifecycle: (listener, domain) =>
        domainEvents.subscribe([eventLifecycle, domain], (message) => listener(domainLifecycleEvent(message))),
    },
    networks: {
      ...bind(channel, networkProcedures),
      onLifecycle: (listener, network) =>
        networkEvents.subscribe([eventLifecycle, network], (message) => listener(networkLifecycleEvent(message))),
    },
    pools: bind(channel, poolProcedures),
    volumes: bind(channel, volumeProcedures),
    closed: channel.closed,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** VIR_DOMAIN_EVENT_ID_LIFECYCLE and VIR_NETWORK_EVENT_ID_LIFECYCLE */
const eventLifecycle = 0;
