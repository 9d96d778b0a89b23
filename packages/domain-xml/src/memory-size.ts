/**
 * Sizes in libvirt's XML: a whole number and a unit, in KiB where no unit is stated. `k`, `KiB` are 1024, `KB` is 1000,
 * in any case. Two sizes are the same when they are the same number of KiB, rounded up as libvirt does.
 *
 * Source: https://libvirt.org/formatdomain.html#memory-allocation
 */
import type { XmlElement } from "./xml-tree.ts";
import { attributeOf, textOf } from "./xml-tree.ts";

const powers = ["k", "m", "g", "t", "p", "e"];

/** Bytes in one `unit`, or `undefined` for a word that is no unit. */
export function bytesPerUnit(unit: string): bigint | undefined {
  const word = unit.toLowerCase();
  if (word === "b" || word === "byte" || word === "bytes") return 1n;
  const power = powers.indexOf(word.charAt(0)) + 1;
  if (power === 0) return undefined;
  const rest = word.slice(1);
  if (rest === "" || rest === "ib") return 1024n ** BigInt(power);
  return rest === "b" ? 1000n ** BigInt(power) : undefined;
}

/** The size that an element such as `<memory unit='MiB'>512</memory>` states, or `undefined` where it is none. */
export function sizeKib(element: XmlElement): number | undefined {
  const text = textOf(element);
  const unit = bytesPerUnit(attributeOf(element, "unit") ?? "KiB");
  if (unit === undefined || !/^[0-9]{1,19}$/.test(text)) return undefined;
  return Number((BigInt(text) * unit + 1023n) / 1024n);
}
