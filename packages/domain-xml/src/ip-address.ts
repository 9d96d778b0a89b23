/**
 * IP addresses in one spelling, so that `2001:DB8:0::1` and `2001:db8::1` are the same address.
 *
 * Source: RFC 4291 section 2.2 (the spellings of an IPv6 address).
 */

/** The address with eight groups of hexadecimal digits for IPv6, unchanged for IPv4; `undefined` for other texts. */
export function normalAddress(text: string): string | undefined {
  if (bitsOfIpv4(text) !== undefined) return text;
  if (!/^[0-9A-Fa-f:]{2,39}$/.test(text) || !text.includes(":")) return undefined;
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...new Array<string>(Math.max(missing, 0)).fill("0"), ...right];
  if (groups.some((group) => !/^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

/** How many leading bits `255.255.255.0` sets; `undefined` for a text that is no netmask. */
export function prefixOfNetmask(netmask: string): number | undefined {
  const bits = bitsOfIpv4(netmask);
  if (bits === undefined) return undefined;
  const ones = bits.indexOf("0");
  if (ones < 0) return 32;
  return bits.slice(ones).includes("1") ? undefined : ones;
}

/** 32 binary digits of an IPv4 address. */
function bitsOfIpv4(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^[0-9]{1,3}$/.test(part) || Number(part) > 255)) return undefined;
  return parts.map((part) => Number(part).toString(2).padStart(8, "0")).join("");
}
