/**
 * From a URI to the daemon's socket. libvirt has two layouts: one `libvirtd` for everything, or a daemon for each
 * driver (`virtqemud`, `virtnetworkd`...). Which one a host has shows in which sockets exist; the driver's own wins,
 * as in libvirt's `src/remote/remote_sockets.c`. The rest of the URI goes to the daemon untouched.
 */
import { clientError, type LibvirtError } from "./errors.ts";

/** Where sockets are looked for. */
export interface SocketSurroundings {
  /** Effective user id of this process. */
  readonly uid: number;
  /** `$XDG_RUNTIME_DIR`, where session daemons of a user other than root listen. */
  readonly runtimeDirectory?: string | undefined;
  /** @default "/run/libvirt" */
  readonly systemDirectory?: string;
}

/** What a URI says about the way to its daemon. */
export interface Target {
  /** What CONNECT_OPEN carries: the URI without transport and without what was meant for this client. */
  readonly name: string;
  /** In the order to be tried: the first that exists is the daemon's. */
  readonly socketPaths: readonly [string, ...string[]];
}

/** Drivers which reach another machine themselves, from within the daemon. */
const hostedDrivers: ReadonlySet<string> = new Set(["esx", "gsx", "vpx", "hyperv"]);

const uriPattern =
  /^(?<driver>[a-z][a-z0-9-]*)(?:\+(?<transport>[a-z0-9]+))?:\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?$/i;
/** Parameters meant for the client; the daemon never sees them. */
const ownParameters: ReadonlySet<string> = new Set(["socket", "mode", "name"]);

/**
 * Reads a connection URI, such as `qemu:///system`, `test+unix:///default?socket=/tmp/sock` or `esx://host/`. An
 * empty one lets the daemon choose. Parameters: `socket` names the socket; `mode` is `auto`, `legacy` (libvirtd) or
 * `direct` (the driver's daemon); `name` replaces what the daemon is asked to open.
 * @throws LibvirtError `INVALID_URI`
 */
export function parseUri(uri: string, readOnly: boolean, surroundings: SocketSurroundings): Target {
  if (uri === "") return { name: "", socketPaths: [systemSocket("libvirt", readOnly, surroundings)] };
  const parts = uriPattern.exec(uri)?.groups;
  if (parts === undefined) throw invalid(uri, "it is not of the form driver:///path");
  const { driver = "", transport, authority = "", path = "", query = "" } = parts;
  if (transport !== undefined && transport.toLowerCase() !== "unix") {
    throw invalid(uri, `its transport is ${transport}, and only unix sockets of this machine are spoken to`);
  }
  if (authority !== "" && !hostedDrivers.has(driver.toLowerCase())) {
    throw invalid(uri, `it names the host ${authority}, and only unix sockets of this machine are spoken to`);
  }
  const parameters = query.split("&").filter((pair) => pair !== "");
  const own = ownValues(uri, parameters);
  const kept = parameters.filter((pair) => !ownParameters.has(parameterName(pair)));
  const rest = `${driver}://${authority}${path}${kept.length > 0 ? `?${kept.join("&")}` : ""}`;
  const name = own.get("name") ?? (driver === "remote" ? "" : rest);
  const socket = own.get("socket");
  if (socket !== undefined) return { name, socketPaths: [socket] };
  return {
    name,
    socketPaths: candidates(uri, { driver, path, transport }, own.get("mode") ?? "auto", readOnly, surroundings),
  };
}

function ownValues(uri: string, parameters: readonly string[]): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const pair of parameters) {
    const name = parameterName(pair);
    if (!ownParameters.has(name)) continue;
    try {
      own.set(name, decodeURIComponent(pair.slice(name.length + 1)));
    } catch {
      throw invalid(uri, `its parameter ${name} is not encoded correctly`);
    }
  }
  if (own.get("socket") === "") throw invalid(uri, "its parameter socket is empty");
  return own;
}

function parameterName(pair: string): string {
  return pair.split("=", 1)[0] ?? "";
}

interface Layout {
  readonly driver: string;
  readonly path: string;
  readonly transport: string | undefined;
}

function candidates(
  uri: string,
  { driver, path, transport }: Layout,
  mode: string,
  readOnly: boolean,
  surroundings: SocketSurroundings,
): readonly [string, ...string[]] {
  const session = surroundings.uid !== 0 && (path === "/session" || (driver === "test" && transport !== undefined));
  const place = (prefix: string) =>
    session ? sessionSocket(uri, prefix, surroundings) : systemSocket(prefix, readOnly, surroundings);
  const direct = place(`virt${driver.toLowerCase()}d`);
  const legacy = place("libvirt");
  switch (mode) {
    case "auto":
      return driver === "remote" ? [legacy] : [direct, legacy];
    case "direct":
      return [direct];
    case "legacy":
      return [legacy];
    default:
      throw invalid(uri, `its mode is ${mode}, and only auto, direct and legacy exist`);
  }
}

function systemSocket(
  prefix: string,
  readOnly: boolean,
  { systemDirectory = "/run/libvirt" }: SocketSurroundings,
): string {
  return `${systemDirectory}/${prefix}-${readOnly ? "sock-ro" : "sock"}`;
}

function sessionSocket(uri: string, prefix: string, { runtimeDirectory }: SocketSurroundings): string {
  if (runtimeDirectory === undefined) throw invalid(uri, "XDG_RUNTIME_DIR is not set, where the session's socket is");
  return `${runtimeDirectory}/libvirt/${prefix}-sock`;
}

function invalid(uri: string, reason: string): LibvirtError {
  return clientError("INVALID_URI", `cannot connect to ${JSON.stringify(uri)}: ${reason}`);
}
