/** Schemas of the fleet's files and of what hosts tell each other about the fleet. */
import { z } from "zod";
import { configurationSchema } from "../peers/message-schema.ts";
import { count, counter, hostId, id } from "../peers/word-schema.ts";
import type { FleetMember, JoinDoor, MemberDocument } from "./member-document.ts";

/** Members of one fleet at most: gossip to all was measured with 200. */
export const membersMax = 512;

/** Names that may stand in a protocol's name, in a file's name and in a table: fleets and hosts. */
export const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const address = z.string().startsWith("/").max(256);
/** A few addresses: one for each network of a host. */
export const addressesSchema = z.array(address).max(16);
const publicKey = z.string().length(44);
const signature = z.string().length(88);

/** One member. */
export const memberSchema: z.ZodType<FleetMember> = z.strictObject({
  hostId,
  peerId: z.string().min(1).max(128),
  addresses: addressesSchema,
  role: z.enum(["voter", "member", "observer"]),
  disk: id,
  hypervisor: z.boolean(),
});

/** The signed list. */
export const memberDocumentSchema: z.ZodType<MemberDocument> = z.strictObject({
  fleet: z.string().regex(plainName),
  number: counter,
  fleetKey: publicKey,
  rotations: z.array(z.strictObject({ from: publicKey, to: publicKey, signature })).max(count),
  members: z.array(memberSchema).max(membersMax),
  voters: z.array(hostId).max(7).exactOptional(),
  signature,
});

/** What `fleet.json` holds. */
export interface FleetFile {
  /** Of this file's layout. */
  readonly version: 1;
  readonly fleet: string;
  readonly self: string;
  readonly hypervisor: boolean;
  /** The fleet's key as this host knows it since it joined, or since it last followed a rotation. */
  readonly fleetKey: string;
  readonly founding: z.infer<typeof configurationSchema>;
  readonly listen: readonly string[];
  /** Set by `berth fleet address`. */
  readonly advertise?: readonly string[];
  readonly join: JoinDoor;
}

/** Schema of `fleet.json`. */
export const fleetFileSchema: z.ZodType<FleetFile> = z.strictObject({
  version: z.literal(1),
  fleet: z.string().regex(plainName),
  self: z.string().regex(plainName),
  hypervisor: z.boolean(),
  fleetKey: publicKey,
  founding: configurationSchema,
  listen: addressesSchema,
  advertise: addressesSchema.exactOptional(),
  join: z.strictObject({ listen: addressesSchema, advertise: addressesSchema }),
});
