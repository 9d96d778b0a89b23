import type { FleetHost, PromisedGuest } from "@berth/claims";
import type { Wish } from "./fleet.ts";
import type { FleetSpec } from "./fleet-spec.ts";
import { Prng } from "./prng.ts";

/** Whose policy is asked for. */
export interface PolicyReader {
  readonly node: number;
  readonly isHypervisor: boolean;
}

/**
 * The guests of the fleet's policy as one host's evaluation of it sees them: the same text everywhere, and classes that
 * hold or do not hold here.
 * @param ownOnly leaves out guests whose class does not hold here
 */
export function promisedGuests(
  spec: FleetSpec,
  wishes: readonly Wish[],
  reader: PolicyReader,
  ownOnly: boolean,
): PromisedGuest[] {
  const promised: PromisedGuest[] = [];
  for (const [index, guest] of spec.guests.entries()) {
    const wish = wishes[index];
    const holds = wish?.eligible.includes(reader.node) === true;
    if (ownOnly && !holds) continue;
    promised.push({
      guest: guest.name,
      uuid: uuidOf(guest.name),
      mode: guest.mode,
      onIsolated: guest.onIsolated,
      wanted: wish?.wanted ?? "running",
      keep: guest.keep,
      placementKey: `class-of-${guest.name}`,
      classMatch: holds,
      eligible: holds && reader.isHypervisor,
      memoryKib: guest.memoryMib * 1024,
    });
  }
  return promised;
}

/** The list of members: who founded the fleet, and whoever has joined it since. */
export function memberList(spec: FleetSpec, machines: readonly Listed[]): FleetHost[] {
  const founders = spec.hosts + spec.witnesses;
  return machines
    .filter(({ node, name, identity, member }) => node < founders || (member && identity === name))
    .map(({ name, isHypervisor }) => ({ host: name, hypervisor: isHypervisor, classes: [] }));
}

/** What the list says of a machine, and what tells a member from a spare or a copied disk. */
interface Listed extends PolicyReader {
  readonly name: string;
  readonly identity: string;
  readonly member: boolean;
}

/** A uuid that is a function of the name. */
export function uuidOf(name: string): string {
  const random = Prng.stream(1, name);
  const part = (): string => random.bits().toString(16).padStart(8, "0");
  const text = part() + part() + part() + part();
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
