/**
 * UUIDs and MAC addresses that are derived from a guest's name, so that every host that defines the guest gives it the
 * same identity: a guest that moves keeps its licence, its DHCP lease and its name in every monitoring tool.
 * No clock and no random number takes part. The hash is FNV-1a with 128 bits, followed by rounds that spread the last
 * characters; it only has to be even, since nothing secret depends on it.
 *
 * Sources: RFC 9562 (version 8: vendor-specific UUIDs), IEEE 802c (locally administered addresses),
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */

/** Lower case with dashes, or `undefined` for a text that is no UUID. libvirt accepts dashes anywhere, and none. */
export function normalUuid(text: string): string | undefined {
  const digits = text.trim().replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return undefined;
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
}

/** The UUID (version 8) of the guest with this name. `seed` keeps two fleets apart. */
export function guestUuid(name: string, seed: string): string {
  const digits = [...hash(`uuid\n${seed}\n${name}`).toString(16).padStart(32, "0")];
  digits[12] = "8";
  digits[16] = ((Number.parseInt(digits[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  return normalUuid(digits.join("")) ?? "";
}

/**
 * The MAC address of the guest's interface `index`, from 0. 40 of its 48 bits come from the name: with 10,000 guests
 * the chance that any two share an address is 1 in 20,000; with QEMU's own prefix, 24 bits, it would be certain.
 */
export function guestMac(name: string, index: number, seed: string): string {
  const wide = hash(`mac\n${seed}\n${name}\n${index}`);
  const digits = (wide & 0xff_ffff_ffffn).toString(16).padStart(10, "0");
  return `02:${digits.match(/../g)?.join(":")}`;
}

const offsetBasis = 0x6c62272e07bb014262b821756295c58dn;
const prime = 0x1000000000000000000013bn;
const mask = (1n << 128n) - 1n;

function hash(text: string): bigint {
  let value = offsetBasis;
  for (const character of text) value = ((value ^ BigInt(character.codePointAt(0) ?? 0)) * prime) & mask;
  for (let round = 0; round < 4; round += 1) value = ((value ^ (value >> 64n)) * prime) & mask;
  return value ^ (value >> 64n);
}
