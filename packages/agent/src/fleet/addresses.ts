/**
 * Addresses as they stand in member lists and tokens. Listening on every address (`0.0.0.0`) says nothing to others, so it is
 * replaced by the machine's own; what cannot be reached from outside (port 0: any port) is left out.
 */
import { networkInterfaces } from "node:os";
import { multiaddr } from "@multiformats/multiaddr";
import { AgentError, reasonOf } from "../agent-error.ts";

/** Port of the peers; the door for joining hosts is the next one. */
export const defaultPort = 7946;

/** Where a host listens unless told otherwise. */
export const defaultListen: readonly string[] = [`/ip4/0.0.0.0/tcp/${defaultPort}`];

/** What the machine's interfaces have, as `os.networkInterfaces` tells it. */
export interface OwnAddress {
  /** Name of the interface, such as `eth0`. */
  readonly on: string;
  readonly family: string;
  readonly address: string;
  readonly internal: boolean;
}

/**
 * Networks inside the machine: libvirt's own, those of containers, and the ends that guests hang on. The address of libvirt's
 * default network is the same on every host, so others would dial themselves there. A bridge such as `br0` is how a host with
 * bridged guests is reached, and is none of them.
 */
const insideMachine = /^(virbr|vnet|docker|br-[0-9a-f]{12}$|veth|lxcbr|lxdbr|podman|cni)/;

/** Addresses at which others reach what listens here. */
export function reachableAddresses(listen: readonly string[], own: readonly OwnAddress[] = ownAddresses()): string[] {
  const found = listen.flatMap((address) => {
    const parts = portPattern.exec(address);
    if (parts === null) return [address];
    const [, version, where, port] = parts;
    if (port === "0") return [];
    if (where !== "0.0.0.0" && where !== "::") return [address];
    const family = version === "4" ? "IPv4" : "IPv6";
    return own
      .filter((one) => one.family === family && !one.internal && !insideMachine.test(one.on))
      .filter((one) => !one.address.startsWith("fe80:"))
      .map((one) => `/ip${version}/${one.address}/tcp/${port}`);
  });
  return [...new Set(found)];
}

/** The same addresses with the port after theirs; any port stays any port. */
export function withNextPort(addresses: readonly string[]): string[] {
  return addresses.map((address) => {
    const port = Number(/\/tcp\/(\d+)$/.exec(address)?.[1] ?? 0);
    return port === 0 ? address : address.replace(/\d+$/, String(port + 1));
  });
}

/** Refuses what libp2p would not listen on or dial. @throws AgentError CONFIG_INVALID */
export function checkAddresses(addresses: readonly string[]): void {
  for (const address of addresses) {
    try {
      multiaddr(address);
    } catch (error) {
      throw new AgentError("CONFIG_INVALID", `"${address}" is not an address: ${reasonOf(error)}`, {
        remedy: `write it like /ip4/192.0.2.7/tcp/${defaultPort}`,
      });
    }
    if (!/\/tcp\/\d+$/.test(address)) {
      throw new AgentError("CONFIG_INVALID", `"${address}" does not end in a TCP port`, {
        remedy: `write it like /ip4/192.0.2.7/tcp/${defaultPort}`,
      });
    }
  }
}

const portPattern = /^\/ip([46])\/([^/]+)\/tcp\/(\d+)$/;

function ownAddresses(): OwnAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([on, addresses]) =>
    (addresses ?? []).map(({ family, address, internal }) => ({ on, family, address, internal })),
  );
}
