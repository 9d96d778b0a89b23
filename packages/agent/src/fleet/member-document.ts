import type { Configuration, HostId, VoterId } from "@berth/claims";
import type { Member } from "../ports/peer-network.ts";

/**
 * One member as the signed list has it. Its role says what it may become: a `voter` may hold a vote, a `member` never
 * does, an `observer` only reads. Who votes now is the configuration in force, not this list.
 */
export interface FleetMember extends Member {
  /** The id of its store's disk (`RecordStore.diskId`): the voter that it would be. */
  readonly disk: VoterId;
  /** False for a witness. */
  readonly hypervisor: boolean;
}

/** One fleet key gave way to another, and said so itself. */
export interface FleetKeyRotation {
  readonly from: string;
  readonly to: string;
  /** By `from`; base64. */
  readonly signature: string;
}

/** Who belongs to a fleet: the whole authorisation, signed by the fleet key. A higher number replaces a lower one. */
export interface MemberDocument {
  readonly fleet: string;
  readonly number: number;
  /** Ed25519 public key of the fleet, base64 of its 32 bytes. A host remembers it from the day it joined. */
  readonly fleetKey: string;
  /** Keys that were the fleet's before, newest last, each signing the next: how a rotation is followed. */
  readonly rotations: readonly FleetKeyRotation[];
  readonly members: readonly FleetMember[];
  /** Hosts that an operator wants to vote. Absent: the recommended number of those whose role allows it. */
  readonly voters?: readonly HostId[];
  /** Over everything above; base64. */
  readonly signature: string;
}

/** What is signed. */
export type MemberDocumentBody = Omit<MemberDocument, "signature">;

/** Where the door for joining hosts is. */
export interface JoinDoor {
  readonly listen: readonly string[];
  /** As tokens name it. */
  readonly advertise: readonly string[];
}

/** What one host knows of its fleet before it speaks to anybody: `<state_dir>/fleet.json` and the files beside it. */
export interface FleetHome {
  readonly stateDir: string;
  readonly fleet: string;
  readonly self: HostId;
  /** False for a witness. */
  readonly hypervisor: boolean;
  /** The configuration at the day of joining; a newer one in the store wins. */
  readonly founding: Configuration;
  readonly members: MemberDocument;
  /** Addresses to listen on for peers. */
  readonly listen: readonly string[];
  /** What the list should say of this host's addresses; absent: what it says is right. */
  readonly advertise?: readonly string[];
  /** Open only while tokens are, and only where the fleet key is. */
  readonly join: JoinDoor;
}
