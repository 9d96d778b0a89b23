/** What is true of each guest, from processes and from libvirt: the process is the fact, libvirt says if it is paused. */
import type { DeadManObservation, GuestId, ProcessIdentity } from "@berth/claims";
import { findGuestProcesses, guestProcess, isAlive, type NamedGuest, type ProcessPlaces } from "./guest-process.ts";
import type { DomainReading } from "./libvirt-hand.ts";

/** A guest and the process that was last known to be its. */
export interface LookedFor extends NamedGuest {
  readonly process?: ProcessIdentity;
}

/**
 * One observation of all guests. `domains` is libvirt's answer, undefined when there was none in time: a guest is then off
 * only if no process of the machine is its, and `unknown` otherwise.
 */
export function lookAtGuests(
  guests: readonly LookedFor[],
  domains: readonly DomainReading[] | undefined,
  places: ProcessPlaces = {},
): readonly DeadManObservation[] {
  const living = new Map(guests.flatMap((guest) => livingEntry(guest, places)));
  if (domains === undefined) {
    const missing = guests.filter(({ guest }) => !living.has(guest));
    for (const [guest, process] of findGuestProcesses(missing)) living.set(guest, process);
  }
  return guests.map((guest) => observe(guest, living.get(guest.guest), domains));
}

function livingEntry(guest: LookedFor, places: ProcessPlaces): [GuestId, ProcessIdentity][] {
  const { process: known } = guest;
  const process = known !== undefined && isAlive(known) ? known : guestProcess(guest, places);
  return process === undefined ? [] : [[guest.guest, process]];
}

function observe(
  { guest, uuid }: LookedFor,
  process: ProcessIdentity | undefined,
  domains: readonly DomainReading[] | undefined,
): DeadManObservation {
  const domain = domains?.find((d) => (uuid === "" ? d.name === guest : d.uuid === uuid));
  // Without a process of its own (other drivers than QEMU) libvirt's word is all there is.
  const state = domain?.state ?? (process === undefined ? "off" : "unknown");
  return process === undefined ? { guest, state } : { guest, state, process };
}
