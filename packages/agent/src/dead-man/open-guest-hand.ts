import { openEmbeddedHand } from "./embedded-hand.ts";
import type { GuestHand } from "./guest-hand.ts";
import type { ProcessPlaces } from "./guest-process.ts";
import { openLibvirtGuestHand } from "./libvirt-guest-hand.ts";

/** What a hand is opened with. */
export interface GuestHandInit {
  readonly uri: string;
  /** Folder of the embedded hypervisor's state. */
  readonly stateDir: string;
  readonly places: ProcessPlaces;
}

/** The hand for a URI. Returns at once; connections are made behind it. */
export function openGuestHand({ uri, stateDir, places }: GuestHandInit): GuestHand {
  return uri.startsWith("embedded:") ? openEmbeddedHand(stateDir) : openLibvirtGuestHand(uri, places);
}
