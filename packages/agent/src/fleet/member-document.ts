import type { Configuration, VoterId } from "@berth/claims";
import type { Member } from "../ports/peer-network.ts";

/** One member as the signed list has it. */
export interface FleetMember extends Member {
  /** The id of its store's disk (`RecordStore.diskId`): the voter that it would be. */
  readonly disk: VoterId;
  /** False for a witness. */
  readonly hypervisor: boolean;
}

/** Who belongs to a fleet: the whole authorisation, signed by the fleet key. A higher number replaces a lower one. */
export interface MemberDocument {
  readonly fleet: string;
  readonly number: number;
  /** Ed25519 public key of the fleet, base64 of its 32 bytes. A host remembers it from the day it joined. */
  readonly fleetKey: string;
  /** Keys that were the fleet's before, newest last, each signing the next: how a rotation is followed. */
  readonly rotations: readonly { readonly from: string; readonly to: string; readonly signature: string }[];
  readonly members: readonly FleetMember[];
  /** Over everything above; base64. */
  readonly signature: string;
}

/** What one host knows of its fleet before it speaks to anybody: `<state_dir>/fleet.json` and the files beside it. */
export interface FleetHome {
  readonly fleet: string;
  readonly self: string;
  /** False for a witness. */
  readonly hypervisor: boolean;
  /** The configuration at the day of joining; a newer one in the store wins. */
  readonly founding: Configuration;
  readonly members: MemberDocument;
  /** Addresses to listen on for peers. */
  readonly listen: readonly string[];
}
