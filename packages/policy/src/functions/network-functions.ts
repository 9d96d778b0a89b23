import { scalar } from "../evaluate/policy-value.ts";
import { hostNames } from "../hard-classes/hard-classes.ts";
import { type FunctionFamily, parameter, textAt } from "./function-types.ts";

/** Functions of addresses and host names. */
export const networkFunctions: FunctionFamily = {
  iprange: {
    parameters: [parameter("range"), parameter("interface")],
    optional: 1,
    returns: "class",
    apply: (args, { facts }) => {
      const wanted = textAt(args, 1);
      const addresses = facts.interfaces
        .filter((each) => each.up && (wanted === "" || each.name === wanted))
        .flatMap((each) => [...each.ipv4, ...each.ipv6]);
      return addresses.some((address) => addressInRange(textAt(args, 0), address));
    },
  },
  isipinsubnet: {
    parameters: [parameter("range"), parameter("address")],
    variadic: true,
    returns: "class",
    apply: (args) => args.slice(1).some((argument) => addressInRange(textAt(args, 0), argument.text)),
  },
  hostinnetgroup: {
    parameters: [parameter("netgroup")],
    returns: "class",
    apply: (args, { facts, world }) => world.hostInNetgroup?.(hostNames(facts).fqhost, textAt(args, 0)) ?? false,
  },
  hostrange: {
    parameters: [parameter("prefix"), parameter("range")],
    returns: "class",
    apply: (args, { facts }) => {
      const host = /^(.*?)(\d{1,15})$/.exec(hostNames(facts).uqhost);
      const range = /^(\d{1,15})-(\d{1,15})$/.exec(textAt(args, 1));
      if (host === null || range === null || host[1] !== textAt(args, 0).toLowerCase()) return false;
      return Number(host[2]) >= Number(range[1]) && Number(host[2]) <= Number(range[2]);
    },
  },
  host2ip: {
    parameters: [parameter("host")],
    returns: "string",
    apply: (args, { world }) => {
      const address = world.resolveHost?.(textAt(args, 0));
      return address === undefined ? undefined : scalar(address);
    },
  },
};

/**
 * Whether an address lies in a range: `10.1.0.0/16`, `10.1.2.3-9` (a range in any part), `10.1.2.3`, or a prefix
 * `10.1.2`. IPv6 ranges are written with a prefix length.
 */
export function addressInRange(range: string, address: string): boolean {
  const [base = "", length] = range.split("/");
  if (base.includes(":"))
    return bitsMatch(ipv6Bits(base), ipv6Bits(address), length === undefined ? 128 : Number(length));
  if (length !== undefined) return bitsMatch(ipv4Bits(base), ipv4Bits(address), Number(length));
  if (ipv4Bits(address) === undefined) return false;
  const wanted = base.split(".");
  const parts = address.split(".");
  return wanted.length <= 4 && wanted.every((part, index) => partMatches(part, Number(parts[index])));
}

function partMatches(part: string, value: number): boolean {
  const match = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part);
  if (match === null) return false;
  return value >= Number(match[1]) && value <= Number(match[2] ?? match[1]);
}

function bitsMatch(left: string | undefined, right: string | undefined, length: number): boolean {
  if (left === undefined || right === undefined || !(length >= 0 && length <= left.length)) return false;
  return left.length === right.length && left.slice(0, length) === right.slice(0, length);
}

function ipv4Bits(address: string): string | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.map((part) => Number(part).toString(2).padStart(8, "0")).join("");
}

function ipv6Bits(address: string): string | undefined {
  const [head = "", tail, ...more] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 0)) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}
