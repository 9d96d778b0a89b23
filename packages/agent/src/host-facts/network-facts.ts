import { readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { readTextOrUndefined } from "./read-text.ts";

/** One interface of this host as policy sees it. */
export interface InterfaceFacts {
  readonly name: string;
  readonly up: boolean;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  readonly mac?: string;
}

const interfaceFolder = "/sys/class/net";
/** IFF_UP of netdevice(7). */
const flagUp = 1;

/** Every interface, with and without addresses: Node lists only those that have one, sysfs knows the others. */
export function interfaceFacts(): InterfaceFacts[] {
  const addressed = networkInterfaces();
  const names = new Set([...Object.keys(addressed), ...listInterfaces()]);
  return [...names].map((name) => {
    const addresses = addressed[name] ?? [];
    const mac = addresses[0]?.mac ?? readTextOrUndefined(`${interfaceFolder}/${name}/address`)?.trim();
    return {
      name,
      up: addresses.length > 0 || isUp(name),
      ipv4: addresses.filter(({ family }) => family === "IPv4").map(({ address }) => address),
      ipv6: addresses.filter(({ family }) => family === "IPv6").map(({ address }) => address),
      // Loopback and tunnels have no hardware address; sysfs and Node write zeros.
      ...(mac !== undefined && mac !== "" && !/^[0:]+$/.test(mac) && { mac }),
    };
  });
}

function listInterfaces(): string[] {
  try {
    return readdirSync(interfaceFolder);
  } catch {
    return [];
  }
}

function isUp(name: string): boolean {
  const flags = Number(readTextOrUndefined(`${interfaceFolder}/${name}/flags`) ?? "0");
  return (flags & flagUp) !== 0;
}

/**
 * The address of the default gateway from the kernel's routing table.
 *
 * @param table - text of `/proc/net/route`: addresses are little-endian hexadecimal (proc_net(5))
 */
export function defaultGateway(table: string): string | undefined {
  for (const line of table.split("\n").slice(1)) {
    const [, destination, gateway] = line.split(/\s+/);
    if (destination === "00000000" && gateway !== undefined && gateway !== "00000000") return dottedAddress(gateway);
  }
  return undefined;
}

function dottedAddress(littleEndianHex: string): string {
  return (littleEndianHex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");
}
