/** The hand for libvirt's guests: suspends and looks through libvirt, knows and kills processes without it. */
import type { DeadManObservation, GuestId, ProcessIdentity } from "@berth/claims";
import type { GuestHand } from "./guest-hand.ts";
import { type LookedFor, lookAtGuests } from "./guest-look.ts";
import { findGuestProcesses, guestProcess, killProcess, type NamedGuest, type ProcessPlaces } from "./guest-process.ts";
import { type LibvirtHand, openLibvirtHand } from "./libvirt-hand.ts";

/** A look waits this long for suspends under way, so that it sees what they did. A suspend takes 3 ms. */
const suspendPatienceMs = 60;

/** Opens the hand on one connection URI. */
export function openLibvirtGuestHand(uri: string, places: ProcessPlaces): GuestHand {
  return new LibvirtGuestHand({ libvirt: openLibvirtHand(uri) }, { places });
}

class LibvirtGuestHand implements GuestHand {
  readonly #libvirt: LibvirtHand;
  readonly #places: ProcessPlaces;
  readonly #suspending = new Map<GuestId, Promise<"done" | "failed">>();

  constructor(components: { readonly libvirt: LibvirtHand }, init: { readonly places: ProcessPlaces }) {
    this.#libvirt = components.libvirt;
    this.#places = init.places;
  }

  get up(): boolean {
    return this.#libvirt.up;
  }

  async look(guests: readonly LookedFor[]): Promise<readonly DeadManObservation[]> {
    await settled([...this.#suspending.values()], suspendPatienceMs);
    return lookAtGuests(guests, await this.#libvirt.activeDomains(), this.#places);
  }

  suspend(named: NamedGuest): Promise<"done" | "failed"> {
    const underWay = this.#suspending.get(named.guest);
    if (underWay !== undefined) return underWay;
    const done = this.#libvirt.suspend(named).finally(() => this.#suspending.delete(named.guest));
    this.#suspending.set(named.guest, done);
    return done;
  }

  kill(named: NamedGuest, recorded: ProcessIdentity | undefined): "done" | "failed" {
    const outcome = recorded === undefined ? "gone" : killProcess(recorded, this.#places);
    // The recorded process may be an earlier run of the guest: the one that runs now is killed as well.
    const present = outcome === "gone" ? this.#presentProcess(named) : undefined;
    const outcomes = present === undefined ? [outcome] : [outcome, killProcess(present, this.#places)];
    return outcomes.includes("failed") ? "failed" : "done";
  }

  async close(): Promise<void> {
    await this.#libvirt.close();
  }

  #presentProcess(named: NamedGuest): ProcessIdentity | undefined {
    return guestProcess(named, this.#places) ?? findGuestProcesses([named]).get(named.guest);
  }
}

/** Waits until all have ended, `ms` at most. */
async function settled(all: readonly Promise<unknown>[], ms: number): Promise<void> {
  if (all.length === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([Promise.allSettled(all), promise]);
  clearTimeout(timer);
}
