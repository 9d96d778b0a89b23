import type { Hearing } from "./hearing.ts";

/** Where memory is no limit, such as in a simulation, a host says a number beyond all machines. */
const unlimitedKib = 2 ** 50;

/** What guests could still have there, by the host's last word. */
export type FreeMemory =
  | { readonly kind: "known"; readonly kib: number }
  | { readonly kind: "unlimited" }
  /** It was not said, or the host runs no guests. */
  | { readonly kind: "unknown" };

/** @returns what is known of a host's free memory; a host that is not heard may have given it away since */
export function freeMemory({ advert, member, heard }: Hearing): FreeMemory {
  if (advert === undefined || !heard || member?.hypervisor === false) return { kind: "unknown" };
  return advert.memoryFreeKib >= unlimitedKib ? { kind: "unlimited" } : { kind: "known", kib: advert.memoryFreeKib };
}
